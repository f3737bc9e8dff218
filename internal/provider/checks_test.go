package provider_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// later checks for a time that is so many days after another.
type later struct {
	than *string
	days int
}

func (c later) CheckValue(value any) error {
	if value != c.String() {
		return fmt.Errorf("got %v, want %s", value, c)
	}
	return nil
}

func (c later) String() string {
	t, err := time.Parse(time.RFC3339, *c.than)
	if err != nil {
		return err.Error()
	}
	return t.AddDate(0, 0, c.days).Format(time.RFC3339)
}

// opens checks for a ciphertext that the identity opens to the key.
type opens struct {
	identity *age.X25519Identity
	key      string
}

func (c opens) CheckValue(value any) error {
	text, _ := value.(string)
	key, err := decrypt(text, c.identity)
	if err != nil {
		return err
	}
	if key != c.key {
		return fmt.Errorf("it opens to another key")
	}
	return nil
}

func (c opens) String() string { return "a sealed key" }

func decrypt(text string, identity age.Identity) (string, error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), identity)
	if err != nil {
		return "", err
	}
	key, err := io.ReadAll(plain)
	return string(key), err
}

// replacedFor checks that the key's replacement is forced by this one attribute.
type replacedFor string

func (c replacedFor) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != keyAddress {
			continue
		}
		if paths := fmt.Sprint(change.Change.ReplacePaths); paths != fmt.Sprintf("[[%s]]", c) {
			resp.Error = fmt.Errorf("the replacement is forced by %s, want %s", paths, c)
		}
		return
	}
	resp.Error = fmt.Errorf("%s is not in the plan", keyAddress)
}
