"""What `hookwright import` reads and writes: other tools' ways of saying a webhook → a form → manifests."""
