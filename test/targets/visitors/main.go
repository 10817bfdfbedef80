// Signs its visitors in by cookie and takes their files, over TLS if TLS is set, on a unix socket if it is given one.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

func main() {
	var mu sync.Mutex
	sessions := map[string]string{}
	who := func(r *http.Request) string {
		c, err := r.Cookie("sid")
		if err != nil {
			return ""
		}
		mu.Lock()
		defer mu.Unlock()
		return sessions[c.Value]
	}
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 16)
		rand.Read(b)
		sid := hex.EncodeToString(b)
		mu.Lock()
		sessions[sid] = r.FormValue("user")
		mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, Path: "/", Secure: true, HttpOnly: true, MaxAge: 3600})
		http.Redirect(w, r, "/me", 303)
	})
	http.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		u := who(r)
		if u == "" {
			http.Redirect(w, r, "/login", 302)
			return
		}
		fmt.Fprintf(w, `{"user": %q, "id": 9007199254740993}`, u)
	})
	http.HandleFunc("POST /upload", func(w http.ResponseWriter, r *http.Request) {
		if who(r) == "" {
			http.Error(w, "sign in", 401)
			return
		}
		f, h, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		n, _ := io.Copy(io.Discard, f)
		fmt.Fprintf(w, "%s %d %s", h.Filename, n, r.FormValue("title"))
	})
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, _ := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	conf := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	var l net.Listener
	var err error
	if len(os.Args) > 1 {
		l, err = net.Listen("unix", os.Args[1])
	} else {
		l, err = net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	}
	if err != nil {
		panic(err)
	}
	if os.Getenv("TLS") != "" {
		l = tls.NewListener(l, conf)
	}
	panic(http.Serve(l, nil))
}
