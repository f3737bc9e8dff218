package emulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"net/http"
	"strings"
)

// principal is who the Authorization header shows the client to be.
type principal int

const (
	noKey principal = iota
	managementKey
	projectKey
)

// authenticate also returns the key's hash, which identifies a project's key even after its
// revocation.
func (e *Emulator) authenticate(r *http.Request) (principal, []byte, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return noKey, nil, refuse(http.StatusUnauthorized, "No key was given. Send one as Authorization: Bearer <key>.")
	}
	scheme, key, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || key == "" {
		return noKey, nil, refuse(http.StatusUnauthorized, "The Authorization header is malformed. It must be: Bearer <key>.")
	}
	hash := sha256.Sum256([]byte(key))
	if subtle.ConstantTimeCompare(hash[:], e.managementKeyHash[:]) == 1 {
		return managementKey, hash[:], nil
	}
	var active bool
	err := e.store.transact(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT EXISTS (SELECT 1 FROM api_keys WHERE hash = ?)", hash[:]).Scan(&active)
	})
	if err != nil {
		return noKey, nil, err
	}
	if !active {
		return noKey, hash[:], keyUnknown()
	}
	return projectKey, hash[:], nil
}

func keyUnknown() error {
	return refuse(http.StatusUnauthorized, "The key is unknown or revoked.")
}

// needManagementKey guards the management API.
func (e *Emulator) needManagementKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _, err := e.authenticate(r)
		if err == nil && who != managementKey {
			err = refuse(http.StatusForbidden, "This is a project's API key, which sends traces. The management API needs a management key.")
		}
		if err != nil {
			e.writeError(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
