"""Where the bytes of assets are kept: a folder, or a bucket."""
