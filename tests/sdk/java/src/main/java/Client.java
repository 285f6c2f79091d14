// Prints the access key's id and the region; once more for each line on stdin. See ../matrix.py.
import java.util.Scanner;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider;
import software.amazon.awssdk.auth.credentials.InstanceProfileCredentialsProvider;
import software.amazon.awssdk.regions.providers.InstanceProfileRegionProvider;

public class Client {
    public static void main(String[] arguments) {
        tell();
        for (Scanner lines = new Scanner(System.in); lines.hasNextLine(); lines.nextLine()) {
            tell();
        }
    }

    private static void tell() {
        boolean container = System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != null;
        AwsCredentialsProvider provider = container
            ? ContainerCredentialsProvider.builder().build()
            : InstanceProfileCredentialsProvider.create();
        String region = container
            ? System.getenv("AWS_REGION")
            : new InstanceProfileRegionProvider().getRegion().id();
        System.out.println(provider.resolveCredentials().accessKeyId() + " " + region);
    }
}
