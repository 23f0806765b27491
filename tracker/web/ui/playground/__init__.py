"""Forms made from JSON Schemas: what they show, and what was meant by what is sent."""
