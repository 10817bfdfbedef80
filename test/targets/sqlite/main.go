// Command sqlite is a service that keeps its rows in SQLite, compiled from C by cgo and linked by the system's linker:
// builds and links of it take what such services take.
package main

import (
	"database/sql"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"strconv"

	_ "github.com/mattn/go-sqlite3"
)

const rows = 1000

type item struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Cents int    `json:"cents"`
}

func fill(db *sql.DB) error {
	if _, err := db.Exec("create table items (id integer primary key, name text, cents integer)"); err != nil {
		return err
	}
	for id := 1; id <= rows; id++ {
		if _, err := db.Exec("insert into items values (?, ?, ?)", id, "item "+strconv.Itoa(id), id*7919%10000); err != nil {
			return err
		}
	}
	return nil
}

// Ten items from an id on.
func list(db *sql.DB) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		found, err := db.Query("select id, name, cents from items where id > ? order by id limit 10", from%rows)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer found.Close()
		items := []item{}
		for found.Next() {
			var one item
			if err := found.Scan(&one.ID, &one.Name, &one.Cents); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			items = append(items, one)
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(items)
	}
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	file := flag.String("db", "items.db", "the database's file, made anew")
	flag.Parse()
	db, err := sql.Open("sqlite3", *file+"?_synchronous=OFF")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if err := fill(db); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("GET /items", list(db))
	log.Fatal(http.ListenAndServe(*addr, nil))
}
