// The program age does here what pass-on.sh uses it for: age --decrypt --identity FILE.
package main

import (
	"io"
	"log"
	"os"

	"filippo.io/age"
	"filippo.io/age/armor"
)

func main() {
	if len(os.Args) != 4 || os.Args[1] != "--decrypt" || os.Args[2] != "--identity" {
		log.Fatalf("age: %v", os.Args)
	}
	file, err := os.Open(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	identities, err := age.ParseIdentities(file)
	if err != nil {
		log.Fatal(err)
	}
	plain, err := age.Decrypt(armor.NewReader(os.Stdin), identities...)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, plain); err != nil {
		log.Fatal(err)
	}
}
