/** Small Go modules in temporary folders, for tests that need the real `go`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Revision, TargetSpec } from '../../harness/model/index.ts';
import { scenarioWith } from '../builders/scenarios.ts';
import { foldersOf } from '../builders/folders.ts';

export const never = new AbortController().signal;

/** `makeFolder`: a new temporary folder holding files (path → text). */
export const { makeFolder, removeFolders } = foldersOf('godyno-target-');

/** A service on PORT with a healthy path, a broken one, and a word about how it was built and started. */
export const SERVICE = `package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

func selfSigned() *tls.Config {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	from := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, _ := x509.CreateCertificate(rand.Reader, from, from, &key.PublicKey, key)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// An operator's listener of its own, healthy from the second question on; the main one comes later.
func admin(network, address string, secret bool) {
	listener, _ := net.Listen(network, address)
	if secret {
		listener = tls.NewListener(listener, selfSigned())
	}
	asked := 0
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 2 || r.URL.Path != "/up" {
			http.Error(w, "not yet", 503)
		}
	}))
	time.Sleep(200 * time.Millisecond)
}

// Arguments: tls; unix PATH; admin NETWORK ADDRESS [tls]; anything else listens on $PORT.
func listen() net.Listener {
	if len(os.Args) > 2 && os.Args[1] == "unix" {
		listener, _ := net.Listen("unix", os.Args[2])
		return listener
	}
	if len(os.Args) > 3 && os.Args[1] == "admin" {
		admin(os.Args[2], os.Args[3], len(os.Args) > 4)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		fmt.Println(err)
		os.Exit(4)
	}
	if len(os.Args) > 1 && os.Args[1] == "tls" {
		listener = tls.NewListener(listener, selfSigned())
	}
	return listener
}

func main() {
	http.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", 302) })
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	http.HandleFunc("/sad", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 503) })
	http.HandleFunc("/mute", func(w http.ResponseWriter, r *http.Request) { select {} })
	asked := false
	http.HandleFunc("/sulky", func(w http.ResponseWriter, r *http.Request) {
		if asked {
			select {}
		}
		asked = true
		http.Error(w, "no", 503)
	})
	http.HandleFunc("/about", func(w http.ResponseWriter, r *http.Request) {
		dir, _ := os.Getwd()
		fmt.Fprintln(w, runtime.GOMAXPROCS(0), os.Getenv("GOGC"), os.Getenv("GOMEMLIMIT"), os.Getenv("GODEBUG"), dir, os.Args[1:])
	})
	listener := listen()
	fmt.Println("listening")
	fmt.Println(http.Serve(listener, nil))
	os.Exit(4)
}
`;

/** Says \`hello\` and which of its own inits ran; enough where nothing is served. */
export const HELLO = `package main

func main() { println("hello") }
`;

export const goMod = (name: string, rest = ''): string => `module ${name}\n\ngo 1.22\n${rest}`;

export const makeSpec = (changes: Partial<TargetSpec> = {}): TargetSpec => ({
  ...scenarioWith().target,
  package: '.',
  ready: { method: 'GET', path: '/ready', timeoutSeconds: 10 },
  ...changes,
});

export const folderRevision = (label: string): Revision => ({ revision: `sha256:${label}`, label, kind: 'folder' });

/** A ZIP archive of uncompressed entries (APPNOTE 6.3: local headers, central directory, end record). */
const zipStored = (files: Readonly<Record<string, string>>): Buffer => {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = Buffer.from(text);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(data.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const at = Buffer.alloc(14);
    at.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, data]);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), shared, at, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
};

/** A module cache of its own; Go itself, which may lie in the caller's, is then the one on PATH. */
export const cacheEnv = (folder: string): Readonly<Record<string, string>> => ({
  GOMODCACHE: folder,
  GOTOOLCHAIN: 'local',
});

/** A folder that serves one module version as GOPROXY=file://… . */
export const moduleProxy = (name: string, version: string, files: Readonly<Record<string, string>>): string => {
  const folder = makeFolder({
    [`${name}/@v/list`]: `${version}\n`,
    [`${name}/@v/${version}.info`]: JSON.stringify({ Version: version, Time: '2024-01-01T00:00:00Z' }),
    [`${name}/@v/${version}.mod`]: goMod(name),
  });
  const inside = Object.entries({ 'go.mod': goMod(name), ...files }).map(([path, text]) => [
    `${name}@${version}/${path}`,
    text,
  ]);
  writeFileSync(join(folder, name, '@v', `${version}.zip`), zipStored(Object.fromEntries(inside)));
  return folder;
};
