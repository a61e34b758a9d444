"""Code that runs when pasted: the OpenAI SDK on `/openai/v1`, signed in with Entra ID, no key.

Chat models are called through the Responses API, which all of them speak, codex and pro included;
batch deployments take files only (learn.microsoft.com, Azure OpenAI v1 API; read 2026-11).
"""

from collections.abc import Sequence
from dataclasses import dataclass

# What tokens for Azure OpenAI are asked for.
SCOPE = "https://cognitiveservices.azure.com/.default"
BEGIN = """\
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from openai import OpenAI

# No key: your managed identity, or your own sign-in, gets in.
token = get_bearer_token_provider(
    DefaultAzureCredential(), "{scope}")
client = OpenAI(
    base_url="{base_url}", api_key=token)
"""
PYTHON = {
    "chat": """\
answer = client.responses.create(
    model="{deployment}", input="Which policy covers hail?")
print(answer.output_text)
""",
    "embedding": """\
answer = client.embeddings.create(
    model="{deployment}", input=["Which policy covers hail?"])
print(len(answer.data[0].embedding))
""",
    "batch": """\
# One line per question: {{"custom_id": "1", "method": "POST", "url": "/v1/responses",
#   "body": {{"model": "{deployment}", "input": "Which policy covers hail?"}}}}
questions = client.files.create(file=open("questions.jsonl", "rb"), purpose="batch")
batch = client.batches.create(
    input_file_id=questions.id, endpoint="/v1/responses", completion_window="24h")
print(batch.id, batch.status)
""",
}
SIGN_IN = """\
TOKEN=$(az account get-access-token \\
  --resource https://cognitiveservices.azure.com --query accessToken -o tsv)
"""
CURL = {
    "chat": """\
curl "{base_url}responses" \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{deployment}", "input": "Which policy covers hail?"}}'
""",
    "embedding": """\
curl "{base_url}embeddings" \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{deployment}", "input": ["Which policy covers hail?"]}}'
""",
    "batch": """\
curl "{base_url}files" -H "Authorization: Bearer $TOKEN" \\
  -F purpose=batch -F file=@questions.jsonl
# then, with the id that this answers:
curl "{base_url}batches" \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"input_file_id": "FILE-ID", "endpoint": "/v1/responses", "completion_window": "24h"}}'
""",
}


@dataclass(frozen=True)
class Snippet:
    """Code in one language; `id` is the element's."""

    id: str
    label: str
    code: str


def snippets(*, task: str, sku: str, base_url: str, deployment: str) -> Sequence[Snippet]:
    """Write the first call of a deployment; nothing where no few lines would run."""
    what = "batch" if sku.endswith("Batch") else task
    if what not in PYTHON:
        return ()
    words = {"base_url": base_url, "deployment": deployment, "scope": SCOPE}
    return (
        Snippet("snippet-python", "Python", (BEGIN + PYTHON[what]).format(**words)),
        Snippet("snippet-curl", "curl", (SIGN_IN + CURL[what]).format(**words)),
    )
