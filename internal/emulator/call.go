package emulator

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"unicode/utf8"
)

// call is a request to an operation, in one transaction with all that it reads and writes.
type call struct {
	*http.Request
	e          *Emulator
	tx         *sql.Tx
	now        string
	body       []byte
	incomplete error // why the body is not all of it
	status     int   // of the answer, if it is no refusal
	envProject string
}

// operation serves an operation, which returns the body of its answer.
func (e *Emulator) operation(to access, status int, do func(*call) (any, error)) http.Handler {
	return e.handler(status, func(r *http.Request) (body any, err error) {
		c := &call{Request: r, e: e, status: status}
		c.body, c.incomplete = readLimited(r.Body, maxBody, errTooLarge) // a slow client holds up no other request
		err = e.store.transact(func(tx *sql.Tx) error {
			who, err := e.authorize(tx, r, to)
			if err != nil {
				return err
			}
			c.tx, c.now, c.envProject = tx, e.timestamp(), who.envProject
			body, err = do(c)
			return err
		})
		return body, err
	})
}

// delete carries out a DELETE. It returns absent if that finds no row.
func (c *call) delete(absent error, statement string, args ...any) (any, error) {
	result, err := c.tx.Exec(statement, args...)
	if err != nil {
		return nil, err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return nil, err
	}
	return nil, absent
}

// once carries out a creation. With an Idempotency-Key it does so only once: the same transaction also
// stores the answer, unless it shows a key.
func (c *call) once(operation string, secret bool, create func() (any, error)) (any, error) {
	key, err := idempotencyKey(c.Request)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return create()
	}
	hash := sha256.Sum256(c.body)
	if first, found, err := firstAnswer(c.tx, key, operation, hash[:]); err != nil || found {
		return first, err
	}
	body, err := create()
	if err != nil {
		return nil, err
	}
	var stored *string
	if !secret {
		stored = new(inJSON(body))
	}
	_, err = c.tx.Exec("INSERT INTO first_answers (idempotency_key, operation, body_hash, status, answer) VALUES (?, ?, ?, ?, ?)",
		key, operation, hash[:], c.status, stored)
	return body, err
}

func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	if n := utf8.RuneCountInString(values[0]); len(values) > 1 || n < 1 || n > 255 {
		return "", refuse(http.StatusBadRequest, "Idempotency-Key must be one value of 1 to 255 characters.")
	}
	return values[0], nil
}

func firstAnswer(tx *sql.Tx, key, operation string, hash []byte) (first any, found bool, err error) {
	var firstOperation string
	var firstHash []byte
	var body sql.NullString
	err = tx.QueryRow("SELECT operation, body_hash, answer FROM first_answers WHERE idempotency_key = ?", key).Scan(&firstOperation, &firstHash, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case operation != firstOperation || !bytes.Equal(hash, firstHash):
		return nil, false, refuse(http.StatusBadRequest, "This Idempotency-Key was used for another request. Use a new one for each creation.")
	case !body.Valid:
		return nil, false, refuse(http.StatusConflict, "This request was carried out before, and an API key is shown only once. Revoke the key if it was lost, and generate another.")
	}
	return json.RawMessage(body.String), true, nil
}
