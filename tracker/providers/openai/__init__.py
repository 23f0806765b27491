"""Videos in OpenAI's format, as gateways of new-api's kind serve them."""
