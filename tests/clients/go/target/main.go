// A target of Go's net/http behind TLS, HTTP/2 offered: target CERT LOG. Its paths name what is odd in the answer.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

// seen is one request, as tools/receiver.py writes it, with the connection and protocol that it came by.
type seen struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Peer    string            `json:"peer"`
	Proto   string            `json:"proto"`
}

func main() {
	file, err := os.Create(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var lock sync.Mutex
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		headers := map[string]string{}
		for name, values := range r.Header {
			headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
		line, _ := json.Marshal(seen{r.Method, r.URL.Path, headers, string(body), r.RemoteAddr, r.Proto})
		lock.Lock()
		fmt.Fprintln(file, string(line))
		lock.Unlock()
		answer(w, r.URL.Path)
	})
	fmt.Printf("{\"port\": %d}\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.ServeTLS(listener, handler, os.Args[1], os.Args[1]))
}

func answer(w http.ResponseWriter, path string) {
	w.Header().Set("Content-Type", "application/json")
	switch path {
	case "/early":
		w.WriteHeader(http.StatusProcessing)
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
	case "/trailer":
		w.Header().Set("Trailer", "Checksum")
	case "/close":
		w.Header().Set("Connection", "close")
	case "/until-end":
		w.Header().Set("Transfer-Encoding", "identity")
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
		return
	}
	fmt.Fprint(w, `{"state":`)
	if path == "/chunked" || path == "/trailer" || path == "/until-end" {
		w.(http.Flusher).Flush()
	}
	fmt.Fprint(w, `"taken"}`)
	if path == "/trailer" {
		w.Header().Set("Checksum", "abc")
	}
}
