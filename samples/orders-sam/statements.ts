import { Aws } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";

// The execution role of OrderFlow (template.yaml).
export function orderFlowStatements(names: {
  orders: string;
  charge: string;
  newsTopicName: string;
  reviewQueueName: string;
}): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      sid: "DynamodbPutItem",
      actions: ["dynamodb:PutItem"],
      resources: [`arn:${Aws.PARTITION}:dynamodb:${Aws.REGION}:${Aws.ACCOUNT_ID}:table/${names.orders}`],
    }),
    new iam.PolicyStatement({
      sid: "DynamodbQuery",
      actions: ["dynamodb:Query"],
      resources: [`arn:${Aws.PARTITION}:dynamodb:${Aws.REGION}:${Aws.ACCOUNT_ID}:table/${names.orders}/index/by-customer`],
    }),
    new iam.PolicyStatement({
      sid: "LambdaInvokeFunction",
      actions: ["lambda:InvokeFunction"],
      resources: [`arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${names.charge}`],
    }),
    new iam.PolicyStatement({
      sid: "SnsPublish",
      actions: ["sns:Publish"],
      resources: [`arn:${Aws.PARTITION}:sns:${Aws.REGION}:${Aws.ACCOUNT_ID}:${names.newsTopicName}`],
    }),
    new iam.PolicyStatement({
      sid: "SqsSendMessage",
      actions: ["sqs:SendMessage"],
      resources: [`arn:${Aws.PARTITION}:sqs:${Aws.REGION}:${Aws.ACCOUNT_ID}:${names.reviewQueueName}`],
    }),
  ];
}

export function orderFlowPrincipal(names: {
  orderFlowName: string;
}): iam.ServicePrincipal {
  return new iam.ServicePrincipal("states.amazonaws.com", {
    conditions: {
      "ArnLike": {
        "aws:SourceArn": `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${names.orderFlowName}`,
      },
      "StringEquals": {
        "aws:SourceAccount": Aws.ACCOUNT_ID,
      },
    },
  });
}

// The execution role of ImportFlow (template.yaml).
export function importFlowStatements(names: {
  inbox: string;
  importFlowName: string;
  orderFlowName: string;
}): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      sid: "S3GetObject",
      actions: ["s3:GetObject"],
      resources: [`arn:${Aws.PARTITION}:s3:::${names.inbox}/in/*`],
    }),
    new iam.PolicyStatement({
      sid: "S3ListBucket",
      actions: ["s3:ListBucket"],
      resources: [`arn:${Aws.PARTITION}:s3:::${names.inbox}`],
      conditions: {
        "StringLike": {
          "s3:prefix": "in/",
        },
      },
    }),
    new iam.PolicyStatement({
      sid: "StatesDescribeExecution",
      actions: ["states:DescribeExecution"],
      resources: [`arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${names.importFlowName}:*`],
    }),
    new iam.PolicyStatement({
      sid: "StatesRedriveExecution",
      actions: ["states:RedriveExecution"],
      resources: [`arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${names.importFlowName}/*:*`],
    }),
    new iam.PolicyStatement({
      sid: "StatesStartExecution",
      actions: ["states:StartExecution"],
      resources: [
        `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${names.importFlowName}`,
        `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${names.orderFlowName}`,
      ],
    }),
  ];
}

export function importFlowPrincipal(names: {
  importFlowName: string;
}): iam.ServicePrincipal {
  return new iam.ServicePrincipal("states.amazonaws.com", {
    conditions: {
      "ArnLike": {
        "aws:SourceArn": [
          `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${names.importFlowName}`,
          `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${names.importFlowName}/*`,
        ],
      },
      "StringEquals": {
        "aws:SourceAccount": Aws.ACCOUNT_ID,
      },
    },
  });
}
