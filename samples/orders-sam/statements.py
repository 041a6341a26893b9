from aws_cdk import Aws, aws_iam as iam


# The execution role of OrderFlow (template.yaml).
def order_flow_statements(
    *,
    orders: str,
    charge: str,
    news_topic_name: str,
    review_queue_name: str,
) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="DynamodbPutItem",
            actions=["dynamodb:PutItem"],
            resources=[f"arn:{Aws.PARTITION}:dynamodb:{Aws.REGION}:{Aws.ACCOUNT_ID}:table/{orders}"],
        ),
        iam.PolicyStatement(
            sid="DynamodbQuery",
            actions=["dynamodb:Query"],
            resources=[f"arn:{Aws.PARTITION}:dynamodb:{Aws.REGION}:{Aws.ACCOUNT_ID}:table/{orders}/index/by-customer"],
        ),
        iam.PolicyStatement(
            sid="LambdaInvokeFunction",
            actions=["lambda:InvokeFunction"],
            resources=[f"arn:{Aws.PARTITION}:lambda:{Aws.REGION}:{Aws.ACCOUNT_ID}:function:{charge}"],
        ),
        iam.PolicyStatement(
            sid="SnsPublish",
            actions=["sns:Publish"],
            resources=[f"arn:{Aws.PARTITION}:sns:{Aws.REGION}:{Aws.ACCOUNT_ID}:{news_topic_name}"],
        ),
        iam.PolicyStatement(
            sid="SqsSendMessage",
            actions=["sqs:SendMessage"],
            resources=[f"arn:{Aws.PARTITION}:sqs:{Aws.REGION}:{Aws.ACCOUNT_ID}:{review_queue_name}"],
        ),
    ]


def order_flow_principal(
    *,
    order_flow_name: str,
) -> iam.ServicePrincipal:
    return iam.ServicePrincipal(
        "states.amazonaws.com",
        conditions={
            "ArnLike": {
                "aws:SourceArn": f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:stateMachine:{order_flow_name}",
            },
            "StringEquals": {
                "aws:SourceAccount": Aws.ACCOUNT_ID,
            },
        },
    )


# The execution role of ImportFlow (template.yaml).
def import_flow_statements(
    *,
    inbox: str,
    import_flow_name: str,
    order_flow_name: str,
) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="S3GetObject",
            actions=["s3:GetObject"],
            resources=[f"arn:{Aws.PARTITION}:s3:::{inbox}/in/*"],
        ),
        iam.PolicyStatement(
            sid="S3ListBucket",
            actions=["s3:ListBucket"],
            resources=[f"arn:{Aws.PARTITION}:s3:::{inbox}"],
            conditions={
                "StringLike": {
                    "s3:prefix": "in/",
                },
            },
        ),
        iam.PolicyStatement(
            sid="StatesDescribeExecution",
            actions=["states:DescribeExecution"],
            resources=[f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{import_flow_name}:*"],
        ),
        iam.PolicyStatement(
            sid="StatesRedriveExecution",
            actions=["states:RedriveExecution"],
            resources=[f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{import_flow_name}/*:*"],
        ),
        iam.PolicyStatement(
            sid="StatesStartExecution",
            actions=["states:StartExecution"],
            resources=[
                f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:stateMachine:{import_flow_name}",
                f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:stateMachine:{order_flow_name}",
            ],
        ),
    ]


def import_flow_principal(
    *,
    import_flow_name: str,
) -> iam.ServicePrincipal:
    return iam.ServicePrincipal(
        "states.amazonaws.com",
        conditions={
            "ArnLike": {
                "aws:SourceArn": [
                    f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:stateMachine:{import_flow_name}",
                    f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:stateMachine:{import_flow_name}/*",
                ],
            },
            "StringEquals": {
                "aws:SourceAccount": Aws.ACCOUNT_ID,
            },
        },
    )
