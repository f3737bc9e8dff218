package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	providerName = "terraform-provider-traceloop"
	emulatorName = "traceloop-emulator"
	manifest     = "terraform-registry-manifest.json"
)

// A release is a folder with the files of one.
type release struct {
	dist, version, platform string
	// folder is where it was built: no binary knows it.
	folder string
}

func (r release) checksums() string {
	return filepath.Join(r.dist, providerName+"_"+r.version+"_SHA256SUMS")
}

// check looks at all that a registry and a user expect of it, and prints its files.
func (r release) check(signed bool) error {
	stem := func(name string) string { return name + "_" + r.version + "_" + r.platform }
	want := []string{
		stem(providerName) + ".cdx.json", stem(providerName) + ".zip",
		providerName + "_" + r.version + "_manifest.json",
		stem(emulatorName) + ".cdx.json", stem(emulatorName) + ".zip",
	}
	sums, err := r.sums()
	if err != nil {
		return err
	}
	var names []string
	for _, s := range sums {
		names = append(names, s.name)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		return fmt.Errorf("the checksums are those of %q, want %q", names, want)
	}
	for _, s := range sums {
		data, err := r.read(s.name)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != s.sum {
			return fmt.Errorf("%s has another checksum than the list says", s.name)
		}
		fmt.Printf("%s  %9d  %s\n", s.sum, len(data), s.name)
	}
	if _, err := os.Stat(r.checksums() + ".sig"); signed && err != nil {
		return err
	}
	return errors.Join(
		r.checkManifest(),
		r.checkArchive(stem(providerName), providerName+"_v"+r.version),
		r.checkArchive(stem(emulatorName), emulatorName),
	)
}

type checksum struct{ sum, name string }

func (r release) sums() ([]checksum, error) {
	data, err := os.ReadFile(r.checksums())
	if err != nil {
		return nil, err
	}
	var all []checksum
	for line := range strings.Lines(string(data)) {
		sum, name, found := strings.Cut(strings.TrimSpace(line), "  ")
		if !found {
			return nil, fmt.Errorf("%q is no line of checksums", line)
		}
		all = append(all, checksum{sum, name})
	}
	return all, nil
}

// read reads a file of the release. The manifest gets its name while it is uploaded.
func (r release) read(name string) ([]byte, error) {
	if strings.HasSuffix(name, "_manifest.json") {
		return os.ReadFile(filepath.Join(r.dist, "..", manifest))
	}
	return os.ReadFile(filepath.Join(r.dist, name))
}

func (r release) checkManifest() error {
	data, err := r.read("_manifest.json")
	if err != nil {
		return err
	}
	var got struct {
		Version  int
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		return fmt.Errorf("%s: %w", manifest, err)
	}
	if got.Version != 1 || !slices.Equal(got.Metadata.ProtocolVersions, []string{"6.0"}) {
		return fmt.Errorf("%s does not say version 1 and protocol 6.0: %s", manifest, data)
	}
	return nil
}

// checkArchive looks into an archive, at its binary, and compares that with its SBOM.
func (r release) checkArchive(stem, binary string) error {
	archive, err := zip.OpenReader(filepath.Join(r.dist, stem+".zip"))
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	var names []string
	var program []byte
	for _, f := range archive.File {
		names = append(names, f.Name)
		if f.Name != binary && f.Name != binary+".exe" {
			continue
		}
		if f.Mode().Perm() != 0o755 {
			return fmt.Errorf("%s.zip: %s cannot be run: %v", stem, f.Name, f.Mode())
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		program, err = io.ReadAll(in)
		if err != nil {
			return err
		}
	}
	switch {
	case len(names) != 2 || program == nil || !slices.Contains(names, "LICENSE"):
		return fmt.Errorf("%s.zip holds %q, want LICENSE and %s", stem, names, binary)
	case !bytes.Contains(program, []byte(r.version)):
		return fmt.Errorf("%s.zip: %s does not know its version", stem, binary)
	case bytes.Contains(program, []byte(r.folder)):
		return fmt.Errorf("%s.zip: %s knows the folder that it was built in", stem, binary)
	}
	return r.checkSBOM(stem, program)
}

// checkSBOM compares an SBOM with what Go says that it linked.
func (r release) checkSBOM(stem string, program []byte) error {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("%s: %w", stem, err)
	}
	want := []string{"std@" + info.GoVersion}
	for _, module := range info.Deps {
		want = append(want, module.Path+"@"+module.Version)
	}

	data, err := os.ReadFile(filepath.Join(r.dist, stem+".cdx.json"))
	if err != nil {
		return err
	}
	var sbom struct {
		BOMFormat string `json:"bomFormat"`
		Metadata  struct {
			Component struct{ Name, Version string }
		}
		Components []struct {
			Name, Version string
			Evidence      struct{ Licenses []any }
		}
	}
	if err := json.Unmarshal(data, &sbom); err != nil {
		return fmt.Errorf("%s.cdx.json: %w", stem, err)
	}
	if sbom.BOMFormat != "CycloneDX" || sbom.Metadata.Component.Version != "v"+r.version {
		return fmt.Errorf("%s.cdx.json is %s of version %s, want CycloneDX of v%s", stem, sbom.BOMFormat, sbom.Metadata.Component.Version, r.version)
	}
	var got []string
	for _, c := range sbom.Components {
		got = append(got, c.Name+"@"+c.Version)
		if len(c.Evidence.Licenses) == 0 && c.Name != "std" {
			return fmt.Errorf("%s.cdx.json: %s has no licence", stem, c.Name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s.cdx.json lists %q, but the binary links %q", stem, got, want)
	}
	return nil
}

// compare fails where another build of the same commit has other bytes.
func (r release) compare(other release) error {
	first, err := r.sums()
	if err != nil {
		return err
	}
	second, err := other.sums()
	if err != nil {
		return err
	}
	fmt.Println("\nBuilt again, in another folder, with an empty cache:")
	for _, s := range second {
		fmt.Printf("%s  %s\n", s.sum, s.name)
	}
	if !slices.Equal(first, second) {
		return errors.New("the second build has other checksums")
	}
	fmt.Println("The same bytes.")
	return nil
}
