package base

import "testing"

func TestParseCommand(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		arguments []string
		variables map[string]string
		plans     bool
		destroys  bool
	}{
		{[]string{"destroy"}, nil, false, true},
		{[]string{"-chdir=x", "destroy", "-auto-approve"}, nil, false, true},
		{[]string{"plan", "-destroy"}, nil, true, true},
		{[]string{"apply", "--destroy"}, nil, false, true},
		{[]string{"plan", "-destroy=true"}, nil, true, true},
		{[]string{"plan"}, map[string]string{"TF_CLI_ARGS_plan": "-input=false -destroy"}, true, true},
		{[]string{"apply"}, map[string]string{"TF_CLI_ARGS": "-destroy"}, false, true},
		{[]string{"plan"}, map[string]string{"TF_CLI_ARGS_apply": "-destroy"}, true, false},
		{[]string{"plan"}, nil, true, false},
		{[]string{"apply", "destroy"}, nil, false, false},
		{[]string{"plan", "-destroy=false"}, nil, true, false},
		{[]string{"test"}, nil, false, false},
		{[]string{"-version"}, nil, false, false},
		{nil, nil, false, false},
	} {
		want := cliCommand{plans: row.plans, destroys: row.destroys}
		if got := parseCommand(row.arguments, func(name string) string { return row.variables[name] }); got != want {
			t.Errorf("%v with %v: %+v, want %+v", row.arguments, row.variables, got, want)
		}
	}
}
