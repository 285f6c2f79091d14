// Prints the access key's id and the region; once more for each line on stdin. See ../matrix.py.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

func main() {
	tell()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		tell()
	}
}

// A new configuration each time: the SDK's cache would hide what the server answers.
func tell() {
	ctx := context.Background()
	configuration, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	credentials, err := configuration.Credentials.Retrieve(ctx)
	if err != nil {
		log.Fatal(err)
	}
	region := configuration.Region
	if os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") == "" {
		answer, err := imds.NewFromConfig(configuration).GetRegion(ctx, &imds.GetRegionInput{})
		if err != nil {
			log.Fatal(err)
		}
		region = answer.Region
	}
	fmt.Println(credentials.AccessKeyID, region)
}
