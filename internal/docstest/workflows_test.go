package docstest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

const ciExample = "../../examples/guides/provision-from-ci"

// The pipeline for GitLab is held to GitLab's own schema. "make lint" checks the workflows for GitHub.
func TestWorkflows_gitLabSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("testdata/gitlab-ci/ci.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		var pipeline any
		if err := yaml.Unmarshal([]byte(text), &pipeline); err != nil {
			return err
		}
		return schema.Validate(pipeline)
	}
	text := readFile(t, ciExample, "gitlab-ci.yml")
	if err := validate(text); err != nil {
		t.Error(err)
	}
	if broken := strings.Replace(text, "interruptible: true", "interruptible: often", 1); broken == text || validate(broken) == nil {
		t.Error("a pipeline that is wrong passes")
	}
}

// The guide's scripts, with the real CLI: what a pull request plans is what the merge applies,
// the applications' secrets get the keys, and nothing else does.
func TestCLI_provisionFromCI(t *testing.T) {
	t.Parallel()
	server, identity := emulatortest.Start(t), clitest.NewIdentity(t)
	cli := clitest.New(t, server).Unattached()
	bin, aws := t.TempDir(), t.TempDir()
	run := func(name string, arguments ...string) (string, error) {
		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir, command.Env = cli.Dir, cli.Env
		out, err := command.CombinedOutput()
		return string(out), err
	}
	ok := func(name string, arguments ...string) string {
		t.Helper()
		out, err := run(name, arguments...)
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, arguments, err, out)
		}
		return out
	}

	// The programs of the job: the CLI under the name terraform, which finds the provider as a release; aws and age.
	if err := os.Symlink(os.Getenv("TF_ACC_TERRAFORM_PATH"), filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "age"), "./testdata/ci/age").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	stub, err := filepath.Abs("testdata/ci/bin")
	if err != nil {
		t.Fatal(err)
	}
	cli.Env = append(withoutManagementKey(cli.Env), "TF_CLI_CONFIG_FILE="+mirrorConfig(t), "AWS_FOLDER="+aws, "PLAN_BUCKET=plans", "TF_CLI_ARGS=-no-color",
		"PATH="+strings.Join([]string{bin, stub, os.Getenv("PATH")}, string(os.PathListSeparator)),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	secrets := map[string]string{"platform.traceloop-management-key": server.ManagementKey, "platform.age-identity": identity.String()}
	for _, folder := range []string{"secrets", "plans"} {
		if err := os.Mkdir(filepath.Join(aws, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range secrets {
		if err := os.WriteFile(filepath.Join(aws, "secrets", name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	// The repository, with the lock file that init has written.
	if err := os.CopyFS(cli.Dir, os.DirFS(ciExample)); err != nil {
		t.Fatal(err)
	}
	recipient := regexp.MustCompile(`age1\w+`) // nobody has the identity of the example's
	main := recipient.ReplaceAllString(readFile(t, ciExample, "main.tf"), identity.Recipient().String())
	if err := os.WriteFile(filepath.Join(cli.Dir, "main.tf"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	cli.OK("init", "-input=false")
	if err := os.WriteFile(filepath.Join(cli.Dir, ".gitignore"), []byte(".terraform/\nterraform.tfstate*\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ok("git", "init", "--quiet")
	ok("git", "add", ".")
	ok("git", "commit", "--quiet", "-m", "Orders")

	output := ok("bash", "plan.sh")
	clitest.Shows(t, output, "Plan: 3 to add, 0 to change, 0 to destroy")
	clitest.NoWrites(t, server)

	// Another commit on main: the plan is not for it.
	ok("git", "commit", "--quiet", "--allow-empty", "-m", "The merge") // has the same files
	if err := os.WriteFile(filepath.Join(cli.Dir, "other.tf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ok("git", "add", "other.tf")
	ok("git", "commit", "--quiet", "-m", "Something else")
	refused, err := run("bash", "apply.sh")
	if err == nil {
		t.Error("the apply of other files succeeds")
	}
	clitest.Shows(t, refused, "There is no plan for these files")
	clitest.NoWrites(t, server)

	ok("git", "reset", "--quiet", "--hard", "HEAD~1")
	output += ok("bash", "apply.sh") + ok("bash", "pass-on.sh")
	clitest.Shows(t, output, "3 added, 0 changed, 0 destroyed", "The secret orders/prd/traceloop-api-key has the key ")
	for _, name := range []string{"orders.stg.traceloop-api-key", "orders.prd.traceloop-api-key"} {
		secrets[name] = readFile(t, aws, "secrets", name)
		if status := server.SendSpans(secrets[name], 1); status != 200 {
			t.Errorf("the key in %s is answered %d, want 200", name, status)
		}
	}
	everything := output + allFiles(t, cli.Dir) + allFiles(t, filepath.Join(aws, "plans"))
	clitest.Shows(t, everything, "BEGIN AGE ENCRYPTED FILE") // what is there is seen
	for name, value := range secrets {
		if strings.Contains(everything, value) {
			t.Errorf("the output or a file shows %s", name)
		}
	}
}

// withoutManagementKey leaves out what the scripts fetch.
func withoutManagementKey(env []string) (kept []string) {
	for _, variable := range env {
		if !strings.HasPrefix(variable, "TRACELOOP_MANAGEMENT_API_KEY=") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// mirrorConfig is a configuration of the CLI with which init finds the provider.
func mirrorConfig(t *testing.T) string {
	t.Helper()
	binary, err := clitest.BuildProvider()
	if err != nil {
		t.Fatal(err)
	}
	config, err := devtool.Mirror(t.TempDir(), filepath.Join(binary, devtool.Exe("terraform-provider-traceloop")))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// allFiles is the text of every file of a folder.
func allFiles(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			text.WriteString(readFile(t, dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}
