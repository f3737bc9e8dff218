package traceloop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// instant is a service of n API keys that answers without work of its own.
type instant []string // its pages

// benchKey is a key with an id and a masked key as long as the service's.
func benchKey(i int) string {
	return fmt.Sprintf(`{"id":"cm9v2g95l%016d","project_id":"cm9v2g95l%016d","environment":"env-%d","masked_key":"tl_%s%04d","created_at":"2026-01-02T03:04:05Z"}`,
		i, i/10, i%10, strings.Repeat("*", 28), i%10_000)
}

func newInstant(n int) instant {
	var s instant
	for from := 0; from < n; from += 100 {
		var data []string
		for i := from; i < min(from+100, n); i++ {
			data = append(data, benchKey(i))
		}
		next := ""
		if from+100 < n {
			next = strconv.Itoa(from/100 + 1)
		}
		s = append(s, fmt.Sprintf(`{"data":[%s],"next_cursor":%q,"total_results":%d}`, strings.Join(data, ","), next, n))
	}
	return s
}

func (s instant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != contractPaths.APIKeys {
		io.WriteString(w, benchKey(0))
		return
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("cursor")) // the first has none
	io.WriteString(w, s[page])
}

// instantClient is a client of it, over TCP.
func instantClient(tb testing.TB, n int) *Client {
	tb.Helper()
	server := httptest.NewServer(newInstant(n))
	tb.Cleanup(server.Close)
	c, err := New(Config{BaseURL: server.URL, Key: testKey})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.transport.CloseIdleConnections)
	return c
}

// BenchmarkGet is a request for one object.
func BenchmarkGet(b *testing.B) {
	c := instantClient(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := get(b.Context(), c.connection, contractPaths.APIKeys, "cm9v2g95l0000000000000000", readAPIKey); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListPage is a request for a page of 100 objects.
func BenchmarkListPage(b *testing.B) {
	c := instantClient(b, 100)
	b.ReportAllocs()
	for b.Loop() {
		page, err := c.apiKeys.pager(nil).next(b.Context())
		if err != nil || len(page) != 100 {
			b.Fatal(len(page), err)
		}
	}
}

// BenchmarkCachedListHit is a read of an object that a list has brought in.
func BenchmarkCachedListHit(b *testing.B) {
	c := instantClient(b, 10_000)
	ids := loadAll(b, c)
	b.ReportAllocs()
	next := 0
	for b.Loop() {
		if _, err := c.GetAPIKey(b.Context(), ids[next]); err != nil {
			b.Fatal(err)
		}
		next = (next + 1) % len(ids)
	}
}

// BenchmarkCachedListFilter is a read of the key of one project and environment among 10,000.
func BenchmarkCachedListFilter(b *testing.B) {
	c := instantClient(b, 10_000)
	var slots []APIKeyFilter
	for k, err := range c.ListAPIKeys(b.Context(), APIKeyFilter{}) {
		if err != nil {
			b.Fatal(err)
		}
		slots = append(slots, APIKeyFilter{k.ProjectID, k.Environment})
	}
	b.ReportAllocs()
	next := 0
	for b.Loop() {
		for _, err := range c.ListAPIKeys(b.Context(), slots[next]) {
			if err != nil {
				b.Fatal(err)
			}
		}
		next = (next + 1) % len(slots)
	}
}

// TestCachedListMemory keeps 10,000 objects. It does not run beside others, whose memory it
// would take for its own.
func TestCachedListMemory(t *testing.T) {
	c := instantClient(t, 10_000)
	loadAll(t, c) // connections and their buffers
	c.apiKeys.forget()
	before := heap()
	ids := loadAll(t, c)
	perObject := (heap() - before) / int64(len(ids))
	runtime.KeepAlive(ids)
	runtime.KeepAlive(c)
	t.Logf("%d bytes for each object", perObject)
	if perObject < 100 || perObject > 1000 {
		t.Errorf("a cached object takes %d bytes instead of less than 1,000", perObject)
	}
}

func loadAll(tb testing.TB, c *Client) (ids []string) {
	tb.Helper()
	for k, err := range c.ListAPIKeys(tb.Context(), APIKeyFilter{}) {
		if err != nil {
			tb.Fatal(err)
		}
		ids = append(ids, k.ID)
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
