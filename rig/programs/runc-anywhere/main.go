// Runc-anywhere is runc on a node whose processors are made up: it leaves out on which of them a container may run.
//
// All else is as the kubelet wants it. runc itself is found on the PATH.
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// without returns a JSON object without the processors and memory nodes of the object at a path in it.
func without(text []byte, path ...string) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return text, err
	}
	if len(path) == 0 {
		delete(object, "cpus")
		delete(object, "mems")
		return json.Marshal(object)
	}
	inner, found := object[path[0]]
	if !found {
		return text, nil
	}
	stripped, err := without(inner, path[1:]...)
	if err != nil {
		return nil, err
	}
	object[path[0]] = stripped
	return json.Marshal(object)
}

// create changes the configuration of a container that is about to be created.
func create(bundle string) error {
	file := filepath.Join(bundle, "config.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if text, err = without(text, "linux", "resources", "cpu"); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// update changes the resources that containerd gives on standard input.
func update() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if text, err = without(text, "cpu"); err != nil {
		return err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	// It fits into the pipe: the kernel's is 64 KiB, the resources are some hundred bytes.
	if _, err := writer.Write(text); err != nil {
		return err
	}
	writer.Close()
	return syscall.Dup3(int(reader.Fd()), 0, 0)
}

func run() error {
	if index := slices.Index(os.Args, "--bundle"); index > 0 && slices.Contains(os.Args, "create") {
		if err := create(os.Args[index+1]); err != nil {
			return err
		}
	} else if slices.Contains(os.Args, "update") {
		if err := update(); err != nil {
			return err
		}
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return err
	}
	return syscall.Exec(runc, append([]string{"runc"}, os.Args[1:]...), os.Environ())
}

func main() {
	log.Fatal(run())
}
