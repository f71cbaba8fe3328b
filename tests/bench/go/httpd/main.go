// SPDX-License-Identifier: GPL-2.0-only

// Command httpd serves a folder as the documentation of net/http shows it: what goro_httpd is measured against.
//
//	httpd ADDRESS FOLDER
package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	log.Fatal(http.ListenAndServe(os.Args[1], http.FileServer(http.Dir(os.Args[2]))))
}
