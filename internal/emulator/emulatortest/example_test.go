package emulatortest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// test stands in for the *testing.T that a test has.
type test struct {
	testing.TB
	cleanups []func()
}

func (*test) Helper()                           {}
func (*test) Context() context.Context          { return context.Background() }
func (t *test) Cleanup(f func())                { t.cleanups = append(t.cleanups, f) }
func (*test) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*test) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*test) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }

func (t *test) end() {
	for _, f := range t.cleanups {
		f()
	}
}

// A test gets an organization of its own. It injects a fault, and then looks at which requests
// were made.
func ExampleStart() {
	t := &test{}
	defer t.end()

	server := emulatortest.Start(t)
	project := server.CreateProject("Checkout")
	id, key := server.GenerateKey(project.ID, "prd")
	fmt.Println("spans are answered", server.SendSpans(key, 3))
	server.RevokeKey(id)
	fmt.Println("after the revocation", server.SendSpans(key, 3))

	client, err := traceloop.New(traceloop.Config{BaseURL: server.URL, Key: server.ManagementKey, UserAgent: "example", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	server.ResetRequests()
	server.SetFaults(emulatortest.Fault{Method: "GET", Path: "/v2/projects", Kind: "status", Status: 503})
	read, err := client.GetProject(t.Context(), project.ID)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("the client read", read.Name)
	for _, request := range server.Requests() {
		fmt.Println(request.Method, request.Status)
	}
	// Output:
	// spans are answered 200
	// after the revocation 401
	// the client read Checkout
	// GET 503
	// GET 200
}
