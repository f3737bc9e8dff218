package provider_test

import (
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

// selfSigned makes the certificate of a server on 127.0.0.1, after change has changed it, and a file with its authority: itself.
func selfSigned(t *testing.T, change func(*x509.Certificate)) (certificate tls.Certificate, file string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "A Private Authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pemFile(t, "CERTIFICATE", der)
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
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

func TestTLS_certificates(t *testing.T) {
	t.Parallel()
	good, known := selfSigned(t, nil)
	_, other := selfSigned(t, nil)
	expired, expiredFile := selfSigned(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	elsewhere, elsewhereFile := selfSigned(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.test"} })
	missing := filepath.Join(t.TempDir(), "missing.pem")

	const nothingSent = "Nothing was sent to the base URL https://127.0.0.1:"
	for name, test := range map[string]struct {
		certificate tls.Certificate
		file        any
		newest      uint16   // version of TLS
		phrases     []string // of the error; none means success
	}{
		"known authority":   {certificate: good, file: known},
		"TLS 1.1":           {certificate: good, file: known, newest: tls.VersionTLS11, phrases: []string{nothingSent, "TLS 1.2 and newer"}},
		"unknown authority": {certificate: good, phrases: []string{"unknown authority", nothingSent, "set ca_cert_file (or TRACELOOP_CA_CERT_FILE)"}},
		"another authority": {certificate: good, file: other, phrases: []string{"certificate", nothingSent, "does not contain the right certificate"}},
		"expired":           {certificate: expired, file: expiredFile, phrases: []string{"has expired", nothingSent, "Check the clock of this machine", "renew the certificate"}},
		"another host":      {certificate: elsewhere, file: elsewhereFile, phrases: []string{"127.0.0.1", nothingSent, "for another host", "Check the host name"}},
		"no such file":      {certificate: good, file: missing, phrases: []string{"Unable to Read CA Certificates", missing, "the provider argument \"ca_cert_file\"", "Give the path of a PEM file"}},
		"a private key":     {certificate: good, file: pemFile(t, "PRIVATE KEY", []byte("key")), phrases: []string{"Unable to Read CA Certificates", "contains no PEM certificate"}},
		"empty path":        {certificate: good, file: "", phrases: []string{"Unable to Read CA Certificates", "the path is empty"}},
		"no TLS":            {phrases: []string{nothingSent, "does not use TLS", "Check the host and the port"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			url := strings.Replace(server.URL, "http:", "https:", 1)
			if test.certificate.Certificate != nil {
				url = overTLS(t, server, &tls.Config{Certificates: []tls.Certificate{test.certificate}, MinVersion: tls.VersionTLS10, MaxVersion: test.newest}).URL
			}
			d, err := startDriver(t, provider.NewServer(time.Now), arguments{"base_url": url, "ca_cert_file": test.file, "api_key": server.ManagementKey, "max_retries": int64(0)})
			if err == nil {
				_, err = d.importID(t.Context(), projectKind, server.Projects()[0].ID)
			}
			if (err == nil) != (test.phrases == nil) || (err == nil) != (len(server.Requests()) > 0) {
				t.Fatalf("got the error %v and %d requests", err, len(server.Requests()))
			}
			if err != nil {
				shows(t, err.Error(), test.phrases...)
				hides(t, err.Error(), server.ManagementKey)
			}
		})
	}
}

// connectProxy takes every CONNECT to one address. It refuses with a status, where there is one.
type connectProxy struct {
	address string
	refusal int

	mu    sync.Mutex
	asked string
}

// requests are those since the last call, with their headers.
func (p *connectProxy) requests() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.asked = ""
	return asked
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked += fmt.Sprintf("%s %s %s %v\n", r.Method, r.Host, r.URL, r.Header)
	p.mu.Unlock()
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
	io.Copy(up, down)
}

// setProxy has the provider use a proxy, except for some hosts.
func (c *cli) setProxy(url, except string) {
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
		c.set(name, url)
		c.set(strings.ToLower(name), url)
	}
	c.set("NO_PROXY", except)
	c.set("no_proxy", except)
}

// net/http reads the proxy variables once, so this takes a process: the provider's.
func TestTLS_proxies(t *testing.T) {
	t.Parallel()
	const host = "api.traceloop.test"
	server := emulatortest.Start(t)
	certificate, file := selfSigned(t, func(c *x509.Certificate) { c.DNSNames = []string{host} })
	secure := overTLS(t, server, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	proxy := &connectProxy{address: secure.Listener.Addr().String()}
	listener := httptest.NewServer(proxy)
	t.Cleanup(listener.CloseClientConnections)
	t.Cleanup(listener.Close)

	for _, step := range []struct {
		name, url, except, key string
		refusal                int
		proxy                  bool
		errors                 []string
	}{
		{name: "by the proxy", url: "https://" + host, proxy: true},
		{name: "past the proxy", url: "https://" + host, except: host, errors: []string{"does not exist, as far as this machine can tell. Check the spelling."}},
		{name: "plain http, to loopback", url: strings.Replace(server.URL, "127.0.0.1", "LOCALHOST", 1)},
		{
			name: "refused by the proxy", refusal: http.StatusProxyAuthRequired, url: "https://" + host, proxy: true,
			errors: []string{"Proxy Authentication Required: the proxy 127.0.0.1:", "refuses to connect (status 407)", "a user name and a password", "NO_PROXY"},
		},
		{name: "no word of the emulator", url: "https://" + host, key: "tl_of_nobody", proxy: true, errors: []string{"401 Unauthorized", "has not been revoked"}},
	} {
		proxy.refusal = step.refusal
		c := newCLI(t, server)
		c.set("TRACELOOP_MANAGEMENT_BASE_URL", step.url)
		c.set("TRACELOOP_CA_CERT_FILE", file)
		if step.key != "" {
			c.set("TRACELOOP_MANAGEMENT_API_KEY", step.key)
		}
		c.setProxy(strings.Replace(listener.URL, "http://", "http://somebody:hidden@", 1), step.except)
		c.write("provider \"traceloop\" {\n  max_retries     = 0\n  request_timeout = \"10s\"\n}\n\n" + anyRead)
		out, err := c.run("plan", "-input=false")
		if (err == nil) != (step.errors == nil) {
			t.Errorf("%s: %v\n%s", step.name, err, out)
		}
		shows(t, out, step.errors...)
		hides(t, out, "hidden", server.ManagementKey)
		if step.key != "" {
			hides(t, out, "emulator")
		}
		asked := proxy.requests()
		if strings.Contains(asked, "CONNECT "+host+":443") != step.proxy || (asked != "") != step.proxy || strings.Contains(asked, server.ManagementKey) {
			t.Errorf("%s: the proxy got %s", step.name, asked)
		}
	}
}
