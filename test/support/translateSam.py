"""Translates SAM templates to CloudFormation as AWS does, with its own translator.

Standard input: a JSON list of {template, parameters, output}. What `sam package` would have uploaded is put in as if it were
there: local paths become addresses in S3 and ECR.
"""

import json
import sys

from cfnlint.decode import cfn_yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """The translator asks an account for the names of AWS's policies; the examples use none of them."""

    def load(self):
        return {}


def to_packaged(template):
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "ContentUri"):
            if name in properties:
                properties[name] = "s3://bucket/key"
        if properties.get("PackageType") == "Image":
            if resource.get("Metadata", {}).get("Dockerfile") is None:
                raise ValueError("an image without a Dockerfile to build it by")
            properties["ImageUri"] = "111111111111.dkr.ecr.us-east-1.amazonaws.com/stock:1"
    return template


for job in json.load(sys.stdin):
    template = to_packaged(json.loads(json.dumps(cfn_yaml.load(job["template"]))))
    try:
        translated = transform(template, job["parameters"], NoManagedPolicies())
    except InvalidDocumentException as error:
        sys.exit(f"{job['template']}: {error.message}")
    with open(job["output"], "w", encoding="utf-8") as output:
        json.dump(translated, output, indent=1)
