package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const platform = "linux_amd64"

// builtIn is not in this test's binary.
var builtIn = filepath.Join(os.TempDir(), strconv.Itoa(os.Getpid()))

// files makes those of a release. Its binaries are this test's own, which knows what it links.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	licence := map[string]any{"licenses": []any{map[string]any{"license": map[string]any{"id": "MIT"}}}}
	components := []any{map[string]any{"name": "std", "version": info.GoVersion}}
	for _, module := range info.Deps {
		components = append(components, map[string]any{"name": module.Path, "version": module.Version, "evidence": licence})
	}
	sbom, err := json.Marshal(map[string]any{
		"bomFormat": "CycloneDX", "components": components,
		"metadata": map[string]any{"component": map[string]any{"version": "v" + version}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		providerName + "_" + version + "_" + platform + ".zip":      archiveOf(t, map[string][]byte{"LICENSE": nil, providerName + "_v" + version: program}, 0o755),
		providerName + "_" + version + "_" + platform + ".cdx.json": sbom,
		emulatorName + "_" + version + "_" + platform + ".zip":      archiveOf(t, map[string][]byte{"LICENSE": nil, emulatorName: program}, 0o755),
		emulatorName + "_" + version + "_" + platform + ".cdx.json": sbom,
		providerName + "_" + version + "_manifest.json":             []byte(`{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}`),
	}
}

func archiveOf(t *testing.T, content map[string][]byte, mode fs.FileMode) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(content)) {
		header := &zip.FileHeader{Name: name, Method: zip.Store}
		header.SetMode(mode)
		file, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(content[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// write lays the files out as goreleaser does, with their checksums.
func write(t *testing.T, content map[string][]byte) release {
	t.Helper()
	r := release{dist: filepath.Join(t.TempDir(), "dist"), version: version, platform: platform, folder: builtIn}
	if err := os.Mkdir(r.dist, 0o750); err != nil {
		t.Fatal(err)
	}
	var sums strings.Builder
	for _, name := range slices.Sorted(maps.Keys(content)) {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content[name]), name)
		path := filepath.Join(r.dist, name)
		if strings.HasSuffix(name, "_manifest.json") {
			path = filepath.Join(r.dist, "..", manifest)
		}
		if err := os.WriteFile(path, content[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(r.checksums(), []byte(sums.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const (
		archive = providerName + "_" + version + "_" + platform + ".zip"
		sbom    = emulatorName + "_" + version + "_" + platform + ".cdx.json"
		list    = providerName + "_" + version + "_manifest.json"
	)
	whole := files(t)
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file    string
		content []byte
		says    string
	}{
		"whole":                {archive, whole[archive], ""},
		"no archive":           {archive, nil, "the checksums are those of"},
		"one file more":        {"x.zip", []byte("x"), "the checksums are those of"},
		"other protocol":       {list, []byte(`{"version": 1, "metadata": {"protocol_versions": ["5.0"]}}`), "protocol 6.0"},
		"other binary":         {archive, archiveOf(t, map[string][]byte{"LICENSE": nil, providerName: program}, 0o755), "want LICENSE and"},
		"no licence":           {archive, archiveOf(t, map[string][]byte{providerName + "_v" + version: program}, 0o755), "want LICENSE and"},
		"cannot be run":        {archive, archiveOf(t, map[string][]byte{"LICENSE": nil, providerName + "_v" + version: program}, 0o644), "cannot be run"},
		"knows no version":     {archive, archiveOf(t, map[string][]byte{"LICENSE": nil, providerName + "_v" + version: []byte("program")}, 0o755), "does not know its version"},
		"knows the folder":     {archive, archiveOf(t, map[string][]byte{"LICENSE": nil, providerName + "_v" + version: []byte(version + builtIn)}, 0o755), "knows the folder"},
		"SBOM of another":      {sbom, bytes.ReplaceAll(whole[sbom], []byte(`"v`+version), []byte(`"v9`)), "want CycloneDX of v"},
		"module not in SBOM":   {sbom, []byte(`{"bomFormat": "CycloneDX", "metadata": {"component": {"version": "v` + version + `"}}}`), "but the binary links"},
		"SBOM without licence": {sbom, bytes.ReplaceAll(whole[sbom], []byte(`"std"`), []byte(`"other"`)), "other has no licence"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := maps.Clone(whole)
			content[test.file] = test.content
			if test.content == nil {
				delete(content, test.file)
			}
			err := write(t, content).check(false)
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("it says %v, want %q", err, test.says)
			}
		})
	}

	r := write(t, whole)
	if err := r.check(true); err == nil {
		t.Error("a signature that is not there is not missed")
	}
	if err := os.WriteFile(filepath.Join(r.dist, archive), []byte("other bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.check(false); err == nil || !strings.Contains(err.Error(), "another checksum") {
		t.Errorf("a changed file: %v", err)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	one := map[string][]byte{"a.zip": []byte("one")}
	if err := write(t, one).compare(write(t, one)); err != nil {
		t.Error(err)
	}
	if err := write(t, one).compare(write(t, map[string][]byte{"a.zip": []byte("another")})); err == nil {
		t.Error("other bytes are not noticed")
	}
}

// The check builds what a release builds, on one platform.
func TestOnlyFor(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile("../../../.goreleaser.yml")
	if err != nil {
		t.Fatal(err)
	}
	got := string(onlyFor(config, "plan9", "mips"))
	if strings.Count(got, "    goos: [plan9]\n    goarch: [mips]\n") != 2 || strings.Contains(got, "amd64]") {
		t.Errorf("more than one platform is left:\n%s", got)
	}
}
