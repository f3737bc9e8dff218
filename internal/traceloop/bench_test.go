package traceloop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// instant is a service of n projects that answers without work of its own.
type instant struct {
	one   string
	pages []string // by their cursors
}

func newInstant(n int) *instant {
	s := &instant{one: estateProject("p0")}
	for from := 0; from < n; from += 100 {
		var data []string
		for i := from; i < min(from+100, n); i++ {
			data = append(data, estateProject(fmt.Sprintf("p%d", i)))
		}
		next := ""
		if from+100 < n {
			next = strconv.Itoa(from/100 + 1)
		}
		s.pages = append(s.pages, fmt.Sprintf(`{"data":[%s],"next_cursor":%q,"total_results":%d}`, strings.Join(data, ","), next, n))
	}
	return s
}

func (s *instant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != projectsPath {
		io.WriteString(w, s.one)
		return
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	io.WriteString(w, s.pages[page])
}

// instantClient is a client of it, over TCP.
func instantClient(b *testing.B, n int) *Client {
	b.Helper()
	server := httptest.NewServer(newInstant(n))
	b.Cleanup(server.Close)
	c, err := New(Config{BaseURL: server.URL, Key: testKey})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.transport.CloseIdleConnections)
	b.ReportAllocs()
	return c
}

// BenchmarkGet is a request for one object.
func BenchmarkGet(b *testing.B) {
	c := instantClient(b, 1)
	for b.Loop() {
		if _, err := get(b.Context(), c, projectsPath, "p0", readProject); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListPage is a request for a page of 100 objects.
func BenchmarkListPage(b *testing.B) {
	c := instantClient(b, 100)
	for b.Loop() {
		page, err := newPager(c, projectsPath, nil, readProject).next(b.Context())
		if err != nil || len(page) != 100 {
			b.Fatal(len(page), err)
		}
	}
}

// BenchmarkLoaderHit is a read of an object that a list has brought in.
func BenchmarkLoaderHit(b *testing.B) {
	c := instantClient(b, 10_000)
	ids := loadAll(b, c)
	next := 0
	for b.Loop() {
		if _, err := c.GetProject(b.Context(), ids[next]); err != nil {
			b.Fatal(err)
		}
		next = (next + 1) % len(ids)
	}
}

// BenchmarkLoaderMemory is the whole list of 10,000 objects, and what keeping it takes.
func BenchmarkLoaderMemory(b *testing.B) {
	c := instantClient(b, 10_000)
	loadAll(b, c)
	var kept int64
	for b.Loop() {
		c.projects.forget()
		before := heap()
		ids := loadAll(b, c)
		kept += (heap() - before) / int64(len(ids))
		runtime.KeepAlive(ids)
	}
	b.ReportMetric(float64(kept)/float64(b.N), "B/object")
}

func loadAll(b *testing.B, c *Client) (ids []string) {
	b.Helper()
	for p, err := range c.ListProjects(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	return ids
}

// heap is what is in use, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first may leave what finalizers and pools still hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
