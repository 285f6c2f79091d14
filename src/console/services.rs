//! Short names of the console's services, for `login --service`.

use super::Page;

/// A service's page under the names people call it by, the first of them its own.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub names: &'static [&'static str],
    pub path: &'static str,
    /// The service has no regions: its page is at home in one of them.
    pub is_global: bool,
}

impl Service {
    pub fn find(name: &str) -> Option<Self> {
        let mut services = SERVICES.iter();
        services
            .find(|service| service.names.contains(&name))
            .copied()
    }

    pub fn page(self) -> Page<'static> {
        if self.is_global {
            Page::GlobalPath(self.path)
        } else {
            Page::Path(self.path)
        }
    }
}

/// Every name there is.
pub fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().flat_map(|service| service.names).copied()
}

const fn regional(names: &'static [&'static str], path: &'static str) -> Service {
    Service {
        names,
        path,
        is_global: false,
    }
}

const fn global(names: &'static [&'static str], path: &'static str) -> Service {
    Service {
        names,
        path,
        is_global: true,
    }
}

#[rustfmt::skip]
pub const SERVICES: &[Service] = &[
    regional(&["home", "console"], "console/home"),
    regional(&["acm", "certificates"], "acm/home"),
    regional(&["alarms"], "cloudwatch/home#alarmsV2:"),
    regional(&["ami"], "ec2/home#Images:visibility=owned-by-me"),
    regional(&["amplify"], "amplify/home"),
    regional(&["apigateway", "apigw"], "apigateway/main/apis"),
    regional(&["appconfig"], "systems-manager/appconfig"),
    regional(&["apprunner"], "apprunner/home"),
    regional(&["appsync"], "appsync/home"),
    regional(&["athena"], "athena/home"),
    regional(&["autoscaling", "asg"], "ec2/home#AutoScalingGroups:"),
    regional(&["backup"], "backup/home"),
    regional(&["batch"], "batch/home"),
    regional(&["bedrock"], "bedrock/home"),
    global(&["billing"], "billing/home"),
    global(&["budgets"], "billing/home#/budgets"),
    regional(&["cloud9", "c9"], "cloud9/home"),
    regional(&["cloudformation", "cfn"], "cloudformation/home"),
    global(&["cloudfront", "cf"], "cloudfront/v4/home"),
    regional(&["cloudmap"], "cloudmap/home"),
    regional(&["cloudshell"], "cloudshell/home"),
    regional(&["cloudtrail", "ct"], "cloudtrailv2/home"),
    regional(&["cloudwatch", "cw"], "cloudwatch/home"),
    regional(&["codeartifact"], "codesuite/codeartifact/home"),
    regional(&["codebuild"], "codesuite/codebuild/projects"),
    regional(&["codecommit"], "codesuite/codecommit/repositories"),
    regional(&["codedeploy"], "codesuite/codedeploy/applications"),
    regional(&["codepipeline", "codesuite"], "codesuite/codepipeline/pipelines"),
    regional(&["cognito"], "cognito/v2/home"),
    regional(&["config"], "config/home"),
    regional(&["controltower"], "controltower/home"),
    global(&["costexplorer", "ce"], "cost-management/home#/cost-explorer"),
    regional(&["datasync"], "datasync/home"),
    regional(&["directconnect", "dx"], "directconnect/v2/home"),
    regional(&["directoryservice", "ds"], "directoryservicev2/home"),
    regional(&["dms"], "dms/v2/home"),
    regional(&["documentdb", "docdb"], "docdb/home"),
    regional(&["dynamodb", "ddb"], "dynamodbv2/home"),
    regional(&["ebs", "volumes"], "ec2/home#Volumes:"),
    regional(&["ec2"], "ec2/home"),
    regional(&["ecr"], "ecr/private-registry/repositories"),
    regional(&["ecs"], "ecs/v2/clusters"),
    regional(&["efs"], "efs/home"),
    regional(&["eip"], "ec2/home#Addresses:"),
    regional(&["eks"], "eks/clusters"),
    regional(&["elasticache"], "elasticache/home"),
    regional(&["elasticbeanstalk", "beanstalk", "eb"], "elasticbeanstalk/home"),
    regional(&["elb", "alb", "nlb", "loadbalancers"], "ec2/home#LoadBalancers:"),
    regional(&["emr"], "emr/home"),
    regional(&["eventbridge", "events"], "events/home"),
    regional(&["firehose"], "firehose/home"),
    regional(&["fsx"], "fsx/home"),
    regional(&["glue"], "gluestudio/home"),
    regional(&["grafana"], "grafana/home"),
    regional(&["guardduty", "gd"], "guardduty/home"),
    global(&["health", "phd"], "health/home"),
    global(&["iam"], "iam/home"),
    regional(&["identitycenter", "sso"], "singlesignon/home"),
    regional(&["imagebuilder"], "imagebuilder/home"),
    regional(&["inspector"], "inspector/v2/home"),
    regional(&["instances"], "ec2/home#Instances:"),
    regional(&["iot"], "iot/home"),
    regional(&["keypairs"], "ec2/home#KeyPairs:"),
    regional(&["kinesis"], "kinesis/home"),
    regional(&["kms"], "kms/home"),
    regional(&["lakeformation"], "lakeformation/home"),
    regional(&["lambda", "l"], "lambda/home"),
    regional(&["logs", "cwl"], "cloudwatch/home#logsV2:log-groups"),
    regional(&["macie"], "macie/home"),
    regional(&["mq"], "amazon-mq/home"),
    regional(&["msk", "kafka"], "msk/home"),
    regional(&["mwaa", "airflow"], "mwaa/home"),
    regional(&["neptune"], "neptune/home"),
    regional(&["opensearch", "aos", "es"], "aos/home"),
    global(&["organizations", "orgs"], "organizations/v2/home"),
    regional(&["parameters", "param"], "systems-manager/parameters"),
    regional(&["pipes"], "events/home#/pipes"),
    regional(&["prometheus", "amp"], "prometheus/home"),
    regional(&["ram"], "ram/home"),
    regional(&["rds"], "rds/home"),
    regional(&["redshift"], "redshiftv2/home"),
    regional(&["resourcegroups", "rg"], "resource-groups/home"),
    global(&["route53", "r53"], "route53/v2/home"),
    regional(&["s3"], "s3/buckets"),
    regional(&["sagemaker"], "sagemaker/home"),
    regional(&["scheduler"], "scheduler/home"),
    regional(&["secretsmanager", "secrets", "sm", "scrm"], "secretsmanager/listsecrets"),
    regional(&["securitygroups", "sg"], "ec2/home#SecurityGroups:"),
    regional(&["securityhub", "scrh"], "securityhub/home"),
    regional(&["servicecatalog"], "servicecatalog/home"),
    regional(&["servicequotas", "quotas"], "servicequotas/home"),
    regional(&["ses"], "ses/home"),
    regional(&["sessionmanager"], "systems-manager/session-manager"),
    global(&["shield"], "wafv2/shieldv2"),
    regional(&["snapshots"], "ec2/home#Snapshots:"),
    regional(&["sns"], "sns/v3/home"),
    regional(&["sqs"], "sqs/v3/home"),
    regional(&["ssm", "systemsmanager"], "systems-manager/home"),
    regional(&["stepfunctions", "states", "sfn", "stepfn"], "states/home"),
    global(&["support"], "support/home"),
    regional(&["transfer"], "transfer/home"),
    global(&["trustedadvisor", "tra"], "trustedadvisor/home"),
    regional(&["vpc"], "vpcconsole/home"),
    regional(&["vpn"], "vpcconsole/home#VpnConnections:"),
    regional(&["waf", "wafv2"], "wafv2/homev2"),
    regional(&["wellarchitected"], "wellarchitected/home"),
    regional(&["workspaces"], "workspaces/v2/home"),
    regional(&["xray"], "cloudwatch/home#xray:service-map"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let all: Vec<&str> = names().collect();
        let unique: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), unique.len());
        for name in all {
            assert!(Service::find(name).is_some());
            let plain = name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            assert!(plain, "{name}");
        }
        assert!(Service::find("").is_none());
    }

    #[test]
    fn paths_are_paths() {
        for service in SERVICES {
            assert!(!service.path.starts_with('/') && !service.path.contains([' ', '?']));
        }
    }

    #[test]
    fn the_page_lists_every_name() {
        let page = include_str!("../../docs/login.md");
        for service in SERVICES {
            let row = format!("| `{}` |", service.names.join("`, `"));
            assert!(page.contains(&row), "docs/login.md has no row {row}");
        }
    }
}
