package emulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net/http"
	"strings"
)

// principal is the kind of key in the Authorization header.
type principal int

const (
	noKey principal = iota
	managementKey
	projectKey
	organizationKey // of an organization that this emulator created
)

// authenticate also returns the key's hash, which identifies a project's key even after it is
// revoked.
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
	var active, foreign bool
	err := e.store.transact(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT EXISTS (SELECT 1 FROM api_keys WHERE hash = ?1), EXISTS (SELECT 1 FROM organization_keys WHERE hash = ?1)", hash[:]).Scan(&active, &foreign)
	})
	switch {
	case err != nil:
		return noKey, nil, err
	case active:
		return projectKey, hash[:], nil
	case foreign:
		return organizationKey, hash[:], nil
	}
	return noKey, hash[:], keyUnknown()
}

func keyUnknown() error {
	return refuse(http.StatusUnauthorized, "The key is unknown or revoked.")
}

// access says, for the kinds of key that an operation refuses, why.
type access map[principal]string

var (
	manages = access{
		projectKey:      "This is a project's API key, which sends traces. The management API needs a management key.",
		organizationKey: "This is the key of another organization, which sends traces. The management API needs a management key.",
	}
	monitors = access{
		managementKey:   "This is a management key. This operation needs the API key of a project and environment.",
		organizationKey: "This is the key of another organization, which sends traces. The emulator has the monitors of one organization only.",
	}
	sends = access{managementKey: "This is a management key. Send traces with the API key of a project and environment."}
)

// authorize returns the hash of the key, which is there even if the key is unknown.
func (e *Emulator) authorize(r *http.Request, to access) ([]byte, error) {
	who, hash, err := e.authenticate(r)
	if why, refused := to[who]; refused && err == nil {
		err = refuse(http.StatusForbidden, "%s", why)
	}
	return hash, err
}

// managed makes a handler from an operation of the management API.
func (e *Emulator) managed(do operation) http.Handler {
	return e.handler(func(r *http.Request) (answer, error) {
		if _, err := e.authorize(r, manages); err != nil {
			return answer{}, err
		}
		return do(r)
	})
}

// ofEnvProject makes a handler from a published operation, which acts in the project and environment
// of the key.
func (e *Emulator) ofEnvProject(do func(r *http.Request, envProject string) (answer, error)) http.Handler {
	return e.handler(func(r *http.Request) (answer, error) {
		hash, err := e.authorize(r, monitors)
		if err != nil {
			return answer{}, err
		}
		var envProject string
		err = e.store.transact(func(tx *sql.Tx) error {
			err := tx.QueryRow(`
				SELECT p.id FROM env_projects p JOIN api_keys k ON k.project_id = p.project_id AND k.environment_id = p.environment_id
				WHERE k.hash = ?`, hash).Scan(&envProject)
			if errors.Is(err, sql.ErrNoRows) {
				err = keyUnknown() // it was revoked after the check
			}
			return err
		})
		if err != nil {
			return answer{}, err
		}
		return do(r, envProject)
	})
}
