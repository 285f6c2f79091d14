//! Prints the access key's id and the region; once more for each line on stdin. See ../matrix.py.

use aws_config::BehaviorVersion;
use aws_config::imds::region::ImdsRegionProvider;
use aws_credential_types::provider::ProvideCredentials;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tell().await;
    for _ in std::io::stdin().lines() {
        tell().await;
    }
}

/// A new configuration each time: the SDK's cache would hide what the server answers.
async fn tell() {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let provider = config.credentials_provider().expect("a provider");
    let credentials = provider.provide_credentials().await.expect("credentials");
    let region = if std::env::var_os("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() {
        config.region().cloned()
    } else {
        ImdsRegionProvider::builder().build().region().await
    };
    println!("{} {}", credentials.access_key_id(), region.expect("a region"));
}
