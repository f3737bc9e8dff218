package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// principal is the kind of key in the Authorization header.
type principal int

const (
	noKey principal = iota
	managementKey
	projectKey
	organizationKey // of an organization that this emulator created
)

// caller is whose key a request has.
type caller struct {
	principal
	hash       []byte // of the key, even if it is unknown
	envProject string // the project and environment of a project's key
}

func (e *Emulator) authenticate(tx *sql.Tx, r *http.Request) (who caller, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return who, refuse(http.StatusUnauthorized, "No key was given. Send one as Authorization: Bearer <key>.")
	}
	scheme, key, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || key == "" {
		return who, refuse(http.StatusUnauthorized, "The Authorization header is malformed. It must be: Bearer <key>.")
	}
	who.hash = hashKey(key)
	if subtle.ConstantTimeCompare(who.hash, e.managementKeyHash) == 1 {
		who.principal = managementKey
		return who, nil
	}
	var foreign bool
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM organization_keys WHERE hash = ?1), coalesce((
			SELECT p.id FROM env_projects p JOIN api_keys k ON k.project_id = p.project_id AND k.environment_id = p.environment_id WHERE k.hash = ?1), '')`,
		who.hash).Scan(&foreign, &who.envProject)
	switch {
	case err != nil:
	case who.envProject != "":
		who.principal = projectKey
	case foreign:
		who.principal = organizationKey
	default:
		err = refuse(http.StatusUnauthorized, "The key is unknown or revoked.")
	}
	return who, err
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

func (e *Emulator) authorize(tx *sql.Tx, r *http.Request, to access) (caller, error) {
	who, err := e.authenticate(tx, r)
	if why, refused := to[who.principal]; refused && err == nil {
		err = refuse(http.StatusForbidden, "%s", why)
	}
	return who, err
}

// newKey makes a key like Traceloop's: tl_ and 40 random characters.
func newKey() string { return traceloop.KeyPrefix + (rand.Text() + rand.Text())[:40] }

func hashKey(key string) []byte {
	hash := sha256.Sum256([]byte(key))
	return hash[:]
}

var managementKeyForm = regexp.MustCompile(`^[\x21-\x7e]{8,}$`)

// checkManagementKey refuses a key that cannot be in an Authorization header. Its error never
// contains the key.
func checkManagementKey(key string) error {
	if !managementKeyForm.MatchString(key) {
		return errors.New("the management key must have at least 8 characters, all of them visible ASCII characters and no white space")
	}
	return nil
}

var keyInText = regexp.MustCompile(traceloop.KeyPrefix + "[0-9A-Za-z]+")

// withoutKeys masks keys for logs and pages: a client may send a key instead of its id.
func withoutKeys(text string) string {
	return keyInText.ReplaceAllStringFunc(text, traceloop.MaskKey)
}
