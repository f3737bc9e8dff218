package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// Pages of an organization with 10,000 keys: 1,000 projects of ten keys each, or one of 10,000.
// Each has to answer within 100 ms.
func BenchmarkPages(b *testing.B) {
	const slowest = 100 * time.Millisecond
	many, one := &emulator.Seed{}, &emulator.Seed{}
	one.Projects = []emulator.SeedProject{{Name: "Large", ID: "clarge"}}
	for i := range 1000 {
		project := emulator.SeedProject{Name: fmt.Sprint("Project ", i), ID: fmt.Sprint("c", i)}
		for j := range 10 {
			environment := fmt.Sprint("region-", j)
			project.Environments = append(project.Environments, emulator.SeedEnvironment{Name: environment})
			project.APIKeys = append(project.APIKeys, emulator.SeedAPIKey{Environment: environment})
			environment = fmt.Sprint("region-", i, "-", j)
			one.Projects[0].Environments = append(one.Projects[0].Environments, emulator.SeedEnvironment{Name: environment})
			one.Projects[0].APIKeys = append(one.Projects[0].APIKeys, emulator.SeedAPIKey{Environment: environment})
		}
		many.Projects = append(many.Projects, project)
	}
	for _, bench := range []struct {
		name string
		seed *emulator.Seed
		path string
		has  string
	}{
		{"1000projects/first", many, "/", "Projects 1 to 10 of 1,000"},
		{"1000projects/last", many, "/?page=100", "Projects 991 to 1,000 of 1,000"},
		{"1000projects/find", many, "/?q=99", "19 projects found"},
		{"1000projects/project", many, "/ui/projects/c500", "region-9"},
		{"1000projects/delete", many, "/ui/projects/c500/delete", "10 active API keys"},
		{"1project/organization", one, "/", "All 10,003 environments"},
		{"1project/first", one, "/ui/projects/clarge", "Environments 1 to 50 of 10,003"},
		{"1project/last", one, "/ui/projects/clarge?page=201", "Environments 10,001 to 10,003"},
		{"1project/delete", one, "/ui/projects/clarge/delete", "10,000 active API keys"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			e, err := emulator.New(emulator.Options{Seed: bench.seed})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			for b.Loop() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, bench.path, nil)
				r.RemoteAddr, r.Host = "127.0.0.1:1", "127.0.0.1"
				if e.ServeHTTP(w, r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), bench.has) {
					b.Fatalf("answered %d, without %q", w.Code, bench.has)
				}
			}
			if each := b.Elapsed() / time.Duration(b.N); each > slowest {
				b.Errorf("a page takes %v, more than %v", each, slowest)
			}
		})
	}
}

// What the page costs each request to the API, looked at or not.
func BenchmarkRequest(b *testing.B) {
	for _, bench := range []struct {
		name   string
		noPage bool
	}{{"page", false}, {"nopage", true}} {
		b.Run(bench.name, func(b *testing.B) {
			e, err := emulator.New(emulator.Options{NoPage: bench.noPage})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/v2/projects", nil)
				r.Header.Set("Authorization", "Bearer "+e.ManagementKey())
				e.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
