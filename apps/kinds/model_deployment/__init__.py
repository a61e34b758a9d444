"""Ask for a deployment of an Azure OpenAI model."""
