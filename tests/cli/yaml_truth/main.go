// Records what kubectl's YAML reader makes of each case: JSON strings in, one a line; `{"in", "json" or "error"}` out.
//
//	go mod init yamltruth && go get sigs.k8s.io/yaml@v1.6.0 && jq -c .in truth.jsonl | go run . >new.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	cases := bufio.NewScanner(os.Stdin)
	for cases.Scan() {
		var in string
		if err := json.Unmarshal(cases.Bytes(), &in); err != nil {
			panic(err)
		}
		record := map[string]any{"in": in}
		if out, err := yaml.YAMLToJSON([]byte(in)); err != nil {
			record["error"] = err.Error()
		} else {
			record["json"] = json.RawMessage(out)
		}
		line, _ := json.Marshal(record)
		fmt.Println(string(line))
	}
}
