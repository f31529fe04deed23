// Command conformance runs the table of cases (tests/conformance, whose README.md says what a row means)
// through the Go binding:
//
//	conformance DIRECTORY [NAME...]
//
// AXONPUSH_DEV_SERVER is the development server's program.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

const (
	deadURL = "http://127.0.0.1:1"
	// Every wait of the library ends on time; a row that does not end, ends the program.
	rowLimit = 60 * time.Second
)

var serverURL string

func main() {
	if len(os.Args) < 2 {
		giveUp("usage: conformance DIRECTORY [NAME...]")
	}
	program := os.Getenv("AXONPUSH_DEV_SERVER")
	// No variable of the outside world may decide what is tested.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AXONPUSH_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") || strings.HasPrefix(name, "SSL_CERT_") {
			os.Unsetenv(name)
		}
	}
	stop := startServer(program)
	ok := runDirectory(os.Args[1], os.Args[2:])
	stop()
	if !ok {
		os.Exit(1)
	}
}

func giveUp(reason any) {
	fmt.Println("cannot go on:", reason)
	os.Exit(3)
}

func startServer(program string) (stop func()) {
	server := exec.Command(program, "--listen", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		giveUp(fmt.Sprintf("AXONPUSH_DEV_SERVER: %v", err))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		giveUp("the development server did not start")
	}
	serverURL = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return func() {
		server.Process.Kill()
		server.Wait()
	}
}

// control asks the server's control endpoints.
func control(method, path string, body []byte) any {
	request, err := http.NewRequest(method, serverURL+path, bytes.NewReader(body))
	if err != nil {
		giveUp(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		giveUp(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		giveUp(fmt.Sprintf("%s %s: %s %s %v", method, path, response.Status, text, err))
	}
	if len(text) == 0 {
		return nil
	}
	value, err := parse(text)
	if err != nil {
		giveUp(err)
	}
	return value
}

// parse keeps numbers as they are written.
func parse(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func runDirectory(directory string, chosen []string) bool {
	files, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil || len(files) == 0 {
		giveUp("there are no rows in " + directory)
	}
	sort.Strings(files)
	passed, failed := 0, 0
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			giveUp(err)
		}
		value, err := parse(text)
		rows, isList := value.([]any)
		if err != nil || !isList {
			fmt.Printf("not ok - %s: no list of rows: %v\n", file, err)
			failed++
		}
		for _, r := range rows {
			members, _ := r.(map[string]any)
			name, _ := members["name"].(string)
			again := names[name]
			names[name] = true
			if len(chosen) > 0 && !contains(chosen, name) {
				continue
			}
			row := &row{members: members}
			if name == "" || again {
				row.differ("another row has this name, or it has none")
			}
			limit := time.AfterFunc(rowLimit, func() { giveUp("this row does not end: " + name) })
			skip := row.skipped()
			if skip == "" && row.difference == "" {
				row.run()
			}
			limit.Stop()
			switch {
			case row.difference != "":
				fmt.Printf("not ok - %s: %s\n", name, row.difference)
				failed++
			case skip != "" || row.inexpressible != "":
				fmt.Printf("skip - %s: %s%s\n", name, skip, row.inexpressible)
			default:
				fmt.Printf("ok - %s\n", name)
				passed++
			}
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	return failed == 0 && passed > 0
}

func contains(list []string, name string) bool {
	for _, item := range list {
		if item == name {
			return true
		}
	}
	return false
}
