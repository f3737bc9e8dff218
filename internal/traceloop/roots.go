package traceloop

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// ReadRootCAs returns the system's certificate authorities and those of a PEM file.
func ReadRootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, errors.New("the path is empty")
	}
	pem, err := os.ReadFile(file) //nolint:gosec // The practitioner names the file.
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s contains no PEM certificate", file)
	}
	return roots, nil
}
