package provider_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// authority is a private certificate authority.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "A Private Authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	var der []byte
	der, a.key = a.sign(a.certificate)
	var err error
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a key for the certificate, and signs that: by itself, where the authority has no key yet.
func (a *authority) sign(template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

// certify makes the certificate of a server on 127.0.0.1, after change has changed it.
func (a *authority) certify(change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, key := a.sign(template)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// file writes the authority's certificate.
func (a *authority) file() string {
	a.t.Helper()
	return aFile(a.t, pemOf("CERTIFICATE", a.certificate.Raw))
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func aFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// overTLS serves an emulator.
func overTLS(t *testing.T, server *emulatortest.Server, config *tls.Config) *httptest.Server {
	t.Helper()
	secure := httptest.NewUnstartedServer(server.Emulator)
	secure.TLS, secure.EnableHTTP2 = config, true
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	return secure
}

// reach configures the provider, and reads the organization's first project with it.
func reach(t *testing.T, server *emulatortest.Server, settings arguments) error {
	t.Helper()
	d, err := startDriver(t, provider.NewServer(time.Now), settings.with(arguments{"api_key": server.ManagementKey, "max_retries": int64(0)}))
	if err == nil {
		_, err = d.importID(t.Context(), projectKind, server.Projects()[0].ID)
	}
	return err
}

func TestTLS_certificates(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	good := ours.certify(nil)
	_, privateKey := ours.sign(ours.certificate)
	der, err := x509.MarshalPKCS8PrivateKey(privateKey)
	if err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.pem")
	expired := ours.certify(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	future := ours.certify(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(24 * time.Hour) })
	elsewhere := ours.certify(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.test"} })

	const nothingSent = "Nothing was sent to the base URL https://127.0.0.1:"
	for name, test := range map[string]struct {
		certificate tls.Certificate
		file        string // none, when empty
		versions    [2]uint16
		phrases     []string // of the error; none means success
	}{
		"known authority":     {certificate: good, file: ours.file()},
		"TLS 1.2":             {certificate: good, file: ours.file(), versions: [2]uint16{0, tls.VersionTLS12}},
		"TLS 1.3":             {certificate: good, file: ours.file(), versions: [2]uint16{tls.VersionTLS13, 0}},
		"TLS 1.1":             {certificate: good, file: ours.file(), versions: [2]uint16{tls.VersionTLS10, tls.VersionTLS11}, phrases: []string{nothingSent, "TLS 1.2 and newer"}},
		"TLS 1.0":             {certificate: good, file: ours.file(), versions: [2]uint16{tls.VersionTLS10, tls.VersionTLS10}, phrases: []string{nothingSent, "TLS 1.2 and newer"}},
		"unknown authority":   {certificate: good, phrases: []string{"unknown authority", nothingSent, "set ca_cert_file (or TRACELOOP_CA_CERT_FILE)"}},
		"another authority":   {certificate: good, file: other.file(), phrases: []string{"unknown authority", nothingSent, "does not contain the right certificate"}},
		"expired":             {certificate: expired, file: ours.file(), phrases: []string{"has expired", nothingSent, "Check the clock of this machine", "renew the certificate"}},
		"not valid yet":       {certificate: future, file: ours.file(), phrases: []string{"not yet valid", nothingSent, "Check the clock of this machine"}},
		"another host":        {certificate: elsewhere, file: ours.file(), phrases: []string{"127.0.0.1", nothingSent, "for another host", "Check the host name"}},
		"no such file":        {certificate: good, file: missing, phrases: []string{"Unable to Read CA Certificates", missing, "the provider argument \"ca_cert_file\"", "Give the path of a PEM file"}},
		"a folder":            {certificate: good, file: filepath.Dir(missing), phrases: []string{"Unable to Read CA Certificates", "is a directory"}},
		"a private key":       {certificate: good, file: aFile(t, pemOf("PRIVATE KEY", der)), phrases: []string{"Unable to Read CA Certificates", "contains no PEM certificate"}},
		"a certificate's DER": {certificate: good, file: aFile(t, ours.certificate.Raw), phrases: []string{"Unable to Read CA Certificates", "contains no PEM certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			secure := overTLS(t, server, &tls.Config{Certificates: []tls.Certificate{test.certificate}, MinVersion: test.versions[0], MaxVersion: test.versions[1]})
			settings := arguments{"base_url": secure.URL}
			if test.file != "" {
				settings["ca_cert_file"] = test.file
			}
			err := reach(t, server, settings)
			if (err == nil) != (test.phrases == nil) || (err == nil) != (len(server.Requests()) > 0) {
				t.Fatalf("got the error %v and %d requests", err, len(server.Requests()))
			}
			explained(t, err, server.ManagementKey, test.phrases...)
		})
	}
	t.Run("empty path", func(t *testing.T) {
		t.Parallel()
		server := emulatortest.Start(t)
		err := reach(t, server, arguments{"base_url": server.URL, "ca_cert_file": ""})
		explained(t, err, server.ManagementKey, "Unable to Read CA Certificates", "the path is empty")
	})
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		server := emulatortest.Start(t)
		err := reach(t, server, arguments{"base_url": strings.Replace(server.URL, "http:", "https:", 1)})
		explained(t, err, server.ManagementKey, nothingSent, "does not use TLS", "Check the host and the port")
	})
}

// explained checks an error's phrases, and that it does not show the secret.
func explained(t *testing.T, err error, secret string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("the error does not say %q: %v", phrase, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the error shows the key: %v", err)
	}
}

// recorder keeps all that is sent to it.
type recorder struct {
	mu   sync.Mutex
	sent bytes.Buffer
}

func (rec *recorder) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(rec, "%s %s %s %v\n", r.Method, r.Host, r.URL, r.Header)
}

func (rec *recorder) Write(data []byte) (int, error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.sent.Write(data)
}

func (rec *recorder) reset() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.sent.Reset()
}

// has says whether it was sent this; the empty text stands for anything.
func (rec *recorder) has(text string) bool {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.sent.Len() > 0 && bytes.Contains(rec.sent.Bytes(), []byte(text))
}

func (rec *recorder) bytes() string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.sent.String()
}

// connectProxy takes every CONNECT to one address, and records the requests and what goes up
// the tunnels. It refuses with a status, where there is one.
type connectProxy struct {
	requests, tunnels recorder
	address           string
	refusal           int
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.ServeHTTP(w, r)
	if r.Method != http.MethodConnect || p.refusal != 0 {
		w.WriteHeader(max(p.refusal, http.StatusBadRequest))
		return
	}
	up, err := net.Dial("tcp", p.address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer up.Close()
	down, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	fmt.Fprint(down, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		defer down.Close()
		io.Copy(down, up)
	}()
	io.Copy(up, io.TeeReader(down, &p.tunnels))
}

// net/http reads the proxy variables once, so this takes a process: the provider's.
func TestTLS_proxies(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	ca := newAuthority(t)
	const host = "api.traceloop.test"
	secure := overTLS(t, server, &tls.Config{Certificates: []tls.Certificate{ca.certify(func(c *x509.Certificate) { c.DNSNames = []string{host} })}})
	proxy := &connectProxy{address: secure.Listener.Addr().String()}
	listener := httptest.NewServer(proxy)
	t.Cleanup(listener.CloseClientConnections)
	t.Cleanup(listener.Close)
	withPassword := strings.Replace(listener.URL, "http://", "http://somebody:hidden@", 1)

	through := func(t *testing.T, url string, noProxy string) *cli {
		t.Helper()
		c := newCLI(t, server)
		c.set("TRACELOOP_MANAGEMENT_BASE_URL", url)
		c.set("TRACELOOP_CA_CERT_FILE", ca.file())
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
			c.set(name, withPassword)
		}
		c.set("NO_PROXY", noProxy)
		c.set("no_proxy", noProxy)
		c.write("provider \"traceloop\" {\n  max_retries     = 0\n  request_timeout = \"1s\"\n}\n\n" + anyRead)
		return c
	}
	steps := []struct {
		name   string
		before func()
		url    string
		except string
		proxy  bool
		errors []string
	}{
		{name: "by the proxy", url: "https://" + host, proxy: true},
		{name: "past the proxy", url: "https://" + host, except: host, errors: []string{"does not exist, as far as this machine can tell. Check the spelling."}},
		{name: "plain http, to loopback", url: strings.Replace(server.URL, "127.0.0.1", "LOCALHOST", 1)},
		{
			name: "refused by the proxy", before: func() { proxy.refusal = http.StatusProxyAuthRequired }, url: "https://" + host, proxy: true,
			errors: []string{"Proxy Authentication Required: the proxy 127.0.0.1:", "refuses to connect (status 407)", "a user name and a password", "NO_PROXY"},
		},
	}
	for _, step := range steps {
		if step.before != nil {
			step.before()
		}
		proxy.requests.reset()
		server.ResetRequests()
		out, err := through(t, step.url, step.except).run("plan", "-input=false")
		if (err == nil) != (step.errors == nil) || (err == nil) != (len(server.Requests()) > 0) {
			t.Errorf("%s: %v and %d requests\n%s", step.name, err, len(server.Requests()), out)
		}
		shows(t, out, step.errors...)
		hides(t, out, "hidden", server.ManagementKey)
		if proxy.requests.has("CONNECT "+host+":443") != step.proxy || proxy.requests.has("") != step.proxy {
			t.Errorf("%s: the proxy got %s", step.name, proxy.requests.bytes())
		}
		if proxy.requests.has(server.ManagementKey) || proxy.tunnels.has(server.ManagementKey) {
			t.Errorf("%s: the proxy saw the management key", step.name)
		}
	}

	// Not on loopback, there is no word of the emulator.
	proxy.refusal = 0
	c := through(t, "https://"+host, "")
	c.set("TRACELOOP_MANAGEMENT_API_KEY", "tl_of_nobody")
	out := c.fails("plan", "401 Unauthorized", "has not been revoked")
	hides(t, out, "emulator")
	if !proxy.tunnels.has("") {
		t.Error("nothing went through the proxy's tunnel")
	}
}
