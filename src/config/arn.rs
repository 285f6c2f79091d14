//! Amazon Resource Names and the partitions they belong to.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, split at the first five colons.
///
/// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// As written; see [`Arn::partition`].
    pub partition_id: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// Everything after the fifth colon, e.g. `role/team/Deployer`.
    pub resource: &'a str,
}

/// A group of regions with its own accounts, ARNs, STS and console.
///
/// Source: AWS Fault Isolation Boundaries, "Partitions".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    Aws,
    AwsCn,
    AwsUsGov,
    /// The European Sovereign Cloud.
    AwsEusc,
}

impl<'a> Arn<'a> {
    /// `None` when a field is missing; what the fields hold is AWS's to judge.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.splitn(6, ':');
        if fields.next()? != "arn" {
            return None;
        }
        let arn = Self {
            partition_id: fields.next()?,
            service: fields.next()?,
            region: fields.next()?,
            account: fields.next()?,
            resource: fields.next()?,
        };
        let complete = [arn.partition_id, arn.service, arn.resource]
            .iter()
            .all(|field| !field.is_empty());
        complete.then_some(arn)
    }

    /// `None` for a partition we know nothing about, e.g. the isolated ones.
    pub fn partition(&self) -> Option<Partition> {
        Partition::from_id(self.partition_id)
    }
}

impl Partition {
    pub const ALL: [Self; 4] = [Self::Aws, Self::AwsCn, Self::AwsUsGov, Self::AwsEusc];

    /// The partition as ARNs spell it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partition| partition.id() == id)
    }

    /// Decided by the region's prefix; an unknown one counts as the commercial partition, as the Go tool has it.
    pub fn of_region(region: &str) -> Self {
        if region.starts_with("cn-") {
            Self::AwsCn
        } else if region.starts_with("us-gov-") {
            Self::AwsUsGov
        } else if region.starts_with("eusc-") {
            Self::AwsEusc
        } else {
            Self::Aws
        }
    }

    /// A region whose STS serves every account of the partition.
    pub fn default_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsEusc => "eusc-de-east-1",
        }
    }

    /// Host of the management console; a region goes in front as another label.
    pub fn console_domain(self) -> &'static str {
        match self {
            Self::Aws => "console.aws.amazon.com",
            Self::AwsCn => "console.amazonaws.cn",
            Self::AwsUsGov => "console.amazonaws-us-gov.com",
            Self::AwsEusc => "console.amazonaws-eusc.eu",
        }
    }

    /// Host of the console's *Switch role* page.
    ///
    /// Source: IAM User Guide, "Switch from a user to an IAM role (console)", in each partition's edition.
    pub fn switch_role_host(self) -> &'static str {
        match self {
            Self::Aws => "signin.aws.amazon.com",
            other => other.signin_host(),
        }
    }

    /// Host where session credentials are exchanged for a console sign-in token.
    ///
    /// Source: IAM User Guide, "Enable custom identity broker access to the AWS console".
    pub fn signin_host(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1.signin.aws.amazon.com",
            Self::AwsCn => "signin.amazonaws.cn",
            Self::AwsUsGov => "signin.amazonaws-us-gov.com",
            Self::AwsEusc => "signin.amazonaws-eusc.eu",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_an_arn() {
        let arn = Arn::parse("arn:aws-cn:iam::111122223333:role/a:b").unwrap();
        assert_eq!(arn.partition(), Some(Partition::AwsCn));
        assert_eq!((arn.service, arn.region), ("iam", ""));
        assert_eq!((arn.account, arn.resource), ("111122223333", "role/a:b"));
    }

    #[test]
    fn what_is_no_arn() {
        for text in [
            "",
            "GAHT12345678",
            "arn:aws:iam",
            "arn::iam::1:x",
            "urn:aws:iam::1:x",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
        assert_eq!(
            Arn::parse("arn:aws-iso:iam::1:x").unwrap().partition(),
            None
        );
    }

    #[test]
    fn every_partition_owns_its_default_region_and_name() {
        for partition in Partition::ALL {
            assert_eq!(Partition::of_region(partition.default_region()), partition);
            assert_eq!(Partition::from_id(partition.id()), Some(partition));
        }
        assert_eq!(Partition::of_region("mars-north-1"), Partition::Aws);
    }
}
