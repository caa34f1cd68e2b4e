"""The pages and the API of Lastmeter: Flask, Jinja, no business rules."""
