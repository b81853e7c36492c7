"""The project's dependency. It lies in vendor/, so that setting the project up needs no network."""

__version__ = "2.1.0"

GREETINGS = {
    "de": "Guten Tag, {}!",
    "en": "Good day, {}!",
    "fr": "Bonjour, {} !",
    "ja": "{}さん、こんにちは！",
}


def greet(language, name):
    return GREETINGS[language].format(name)
