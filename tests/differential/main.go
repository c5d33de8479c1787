// What kubectl and kustomize read: the answers that ours are compared with.
//
//	differential FRAMES >ANSWERS
//	differential -mutate N [-seed S] FRAMES >FRAMES
//
// FRAMES holds inputs, each as a line "name length", its bytes and a newline. An answer is a line of four fields between
// tabs: the name, "ok" or "error", the documents as one JSON array, and the error. Documents are those that `kubectl apply
// -f` is handed before the error; empty ones are left out as kubectl leaves them out. Keys are sorted, and all but printable
// ASCII is escaped.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
)

type frame struct {
	name string
	text []byte
}

func readFrames(r *bufio.Reader) ([]frame, error) {
	var frames []frame
	for {
		head, err := r.ReadString('\n')
		if err == io.EOF && head == "" {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		var f frame
		var n int
		if _, err := fmt.Sscanf(head, "%s %d", &f.name, &n); err != nil {
			return nil, err
		}
		f.text = make([]byte, n)
		if _, err := io.ReadFull(r, f.text); err != nil {
			return nil, err
		}
		if _, err := r.Discard(1); err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
}

func writeString(out *strings.Builder, s string) {
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r >= 0x20 && r < 0x7f:
			out.WriteRune(r)
		case r >= 0x10000:
			fmt.Fprintf(out, "\\u%04x\\u%04x", 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(out, "\\u%04x", r)
		}
	}
	out.WriteByte('"')
}

// Numbers as Kubernetes takes them out of JSON: an integer when it fits one, else a float64, printed as Go does.
func writeNumber(out *strings.Builder, n json.Number) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		out.WriteString(strconv.FormatInt(i, 10))
	} else if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		out.WriteString(strconv.FormatUint(u, 10))
	} else if f, err := n.Float64(); err == nil && f == 0 {
		out.WriteString("0")
	} else if err == nil {
		text, _ := json.Marshal(f)
		out.Write(text)
	} else {
		out.WriteString(n.String())
	}
}

func write(out *strings.Builder, value any) {
	switch v := value.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		fmt.Fprint(out, v)
	case json.Number:
		writeNumber(out, v)
	case string:
		writeString(out, v)
	case []any:
		out.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			write(out, item)
		}
		out.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		out.WriteByte('{')
		for i, key := range keys {
			if i > 0 {
				out.WriteByte(',')
			}
			writeString(out, key)
			out.WriteByte(':')
			write(out, v[key])
		}
		out.WriteByte('}')
	}
}

// raw takes JSON as runtime.RawExtension does, into which kubectl decodes.
type raw struct{ text []byte }

func (r *raw) UnmarshalJSON(text []byte) error {
	r.text = append([]byte(nil), text...)
	return nil
}

// The documents of one input, and the error that ended them.
func read(text []byte) (documents []any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var document raw
		if err := decoder.Decode(&document); err == io.EOF {
			return documents, nil
		} else if err != nil {
			return documents, err
		}
		trimmed := bytes.TrimSpace(document.text)
		if len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
			continue
		}
		var value any
		d := json.NewDecoder(bytes.NewReader(trimmed))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			return documents, err
		}
		documents = append(documents, value)
	}
}

func answer(frames []frame, w *bufio.Writer) {
	for _, f := range frames {
		documents, err := read(f.text)
		verdict, message := "ok", ""
		if err != nil {
			verdict, message = "error", err.Error()
		}
		if documents == nil {
			documents = []any{}
		}
		var out, quoted strings.Builder
		write(&out, documents)
		writeString(&quoted, message)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.name, verdict, out.String(), quoted.String())
	}
}

// What mutants are made with: the marks that readers disagree about.
var pieces = []string{
	"---", "\n---\n", "\n--- ", "--- {a: b}\n", "---\t", "---#", "\n...\n", "\n...", "... ",
	"%YAML 1.1\n", "%TAG ! tag:x,1:\n", "\xef\xbb\xbf",
	"\r", "\r\n", "\u0085", "\u2028", "\u2029", "\t", " ", "\n", "  ",
	"{", "}", "[", "]", ",", ": ", ":", "- ", "-", "? ", "?", "#", " #", "&a ", "*a",
	"<<: ", "<<: *a\n", "!", "!!str ", "!!int ", "!!binary ", "!x ",
	"|", "|\n", ">-\n", "|2", "'", "\"", "\\", "\\n", "\\/", "@", "`", "~", "null", "yes",
	"0777", "0o17", "1:30", ".inf", ".nan", "0x1p3", "1e400", "18446744073709551616", "_", "=", "2001-01-01", "\u00e9", "\U0001f600",
}

func mutate(frames []frame, n int, seed int64, w *bufio.Writer) {
	r := rand.New(rand.NewSource(seed))
	for i := 0; i < n; i++ {
		f := frames[r.Intn(len(frames))]
		text := append([]byte(nil), f.text...)
		for steps := 1 + r.Intn(3); steps > 0; steps-- {
			at := r.Intn(len(text) + 1)
			end := min(len(text), at+1+r.Intn(6))
			switch r.Intn(6) {
			case 0, 1:
				text = []byte(string(text[:at]) + pieces[r.Intn(len(pieces))] + string(text[at:]))
			case 2:
				text = []byte(string(text[:at]) + pieces[r.Intn(len(pieces))] + string(text[end:]))
			case 3:
				text = []byte(string(text[:at]) + string(text[end:]))
			case 4:
				from := r.Intn(len(text) + 1)
				text = []byte(string(text[:at]) + string(text[from:min(len(text), from+1+r.Intn(40))]) + string(text[at:]))
			case 5:
				other := frames[r.Intn(len(frames))].text
				from := r.Intn(len(other) + 1)
				text = []byte(string(text[:at]) + string(other[from:min(len(other), from+1+r.Intn(60))]) + string(text[end:]))
			}
		}
		fmt.Fprintf(w, "%s~%d %d\n%s\n", f.name, i, len(text), text)
	}
}

func main() {
	n := flag.Int("mutate", 0, "write this many mutants of the frames")
	seed := flag.Int64("seed", 1, "of the mutations")
	flag.Parse()
	in, err := os.Open(flag.Arg(0))
	if err == nil {
		var frames []frame
		frames, err = readFrames(bufio.NewReader(in))
		w := bufio.NewWriter(os.Stdout)
		if err == nil && *n > 0 {
			mutate(frames, *n, *seed, w)
		} else if err == nil {
			answer(frames, w)
		}
		if err == nil {
			err = w.Flush()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	}
}
