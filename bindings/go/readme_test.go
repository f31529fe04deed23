package axonpush_test

import (
	"os"
	"strings"
	"testing"
)

func TestTheReadmeHasTheQuickstart(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	must(t, err)
	program, err := os.ReadFile("examples/quickstart/main.go")
	must(t, err)
	if !strings.Contains(string(readme), "```go\n"+string(program)+"```\n") {
		t.Error("README.md does not show examples/quickstart/main.go as it is")
	}
}
