"""A dependency of the project. It is in vendor/, so that the setup needs no network."""

__version__ = "2.1.0"

GREETINGS = {
    "de": "Guten Tag, {}!",
    "en": "Good day, {}!",
    "fr": "Bonjour, {} !",
    "ja": "{}さん、こんにちは！",
}


def greet(language, name):
    return GREETINGS[language].format(name)
