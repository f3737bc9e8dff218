package base

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TextOr returns a text of an answer, or what was there before if the answer leaves it out.
func TextOr(answer string, before types.String) types.String {
	if answer == "" {
		return before
	}
	return types.StringValue(answer)
}

// TimeOr is TextOr for a time.
func TimeOr(answer time.Time, before types.String) types.String {
	if answer.IsZero() {
		return before
	}
	return Timestamp(answer)
}
