"""Notifier for picctv: notifications go to webhooks and to whatever Apprise knows."""
