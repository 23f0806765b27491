"""Google's Veo, of the Gemini API and of Vertex AI, and Interactions: adapter and front."""
