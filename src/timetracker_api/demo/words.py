"""The words the company is made of."""

from timetracker_api.auth.scopes import Role

PEOPLE = (
    ("ines", "Inês Carvalho", Role.MANAGER, "Europe/Lisbon", "110"),
    ("bram", "Bram De Smet", Role.MEMBER, None, None),
    ("asha", "Asha Menon", Role.MEMBER, "Asia/Kolkata", "70"),
    ("kenji", "Kenji Watanabe", Role.MEMBER, "Asia/Tokyo", "95.50"),
    ("maya", "Maya Thompson", Role.MEMBER, "America/New_York", "120"),
    ("joao", "João Ribeiro", Role.MEMBER, "America/Sao_Paulo", None),
    ("freya", "Freya Lindqvist", Role.MEMBER, "Australia/Sydney", "88.25"),
    ("lou", "Lou Palmer", Role.VIEWER, "Europe/London", None),
    ("tomas", "Tomáš Novák", Role.MEMBER, "Europe/Prague", "65"),
)
"""Username, name, role, time zone and hourly rate. The viewer records nothing; the last one has
left."""
FIRST_NAMES = (
    "Ada", "Ben", "Chloé", "Diego", "Elif", "Femke", "Goran", "Hana", "Igor", "Julia", "Kofi",
    "Lena", "Malik", "Nora", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Thandi",
)  # fmt: skip
LAST_NAMES = (
    "Andersen", "Bianchi", "Costa", "Dubois", "Eriksson", "Fischer", "García", "Horvat", "Ivanova",
    "Jansen", "Kowalski", "Lefèvre", "Mbeki", "Nguyen", "O'Brien", "Petrov", "Rossi", "Sato",
    "Tanaka", "Urban",
)  # fmt: skip
ZONES = ("Europe/Brussels", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Asia/Tokyo")

NAMES = (
    "Northwind", "Bluebird", "Harbour", "Juniper", "Kestrel", "Lantern", "Meridian", "Nettle",
    "Orchard", "Pebble", "Quarry", "Ravelin", "Saffron", "Tidewater", "Umber", "Vesper", "Willow",
    "Yarrow", "Zephyr", "Ärmel",
)  # fmt: skip
TRADES = (
    "Bakeries", "Books", "Brewing", "Clinics", "Coffee", "Cycles", "Energy", "Foods", "Freight",
    "Gardens", "Insurance", "Interiors", "Marine", "Museum", "Optics", "Paper", "Pharma", "Schools",
    "Textiles", "Tools",
)  # fmt: skip
STREETS = ("Market Street", "Quai de la Loire", "Hauptstraße", "Canal Road", "Rua Augusta")
PROJECTS = (
    "Website", "Brand identity", "Mobile app", "Support", "Annual report", "Web shop", "Campaign",
    "Intranet", "Accessibility audit", "Data migration",
)  # fmt: skip
TASKS = (
    "Kick-off", "Concept", "Wireframes", "Design", "Front end", "Back end", "Copy", "Testing",
    "Launch", "Training", "Maintenance", "Reporting",
)  # fmt: skip
COLORS = ("#3366cc", "#dc3912", "#ff9900", "#109618", "#990099", "#0099c6")
ACTIVITIES = ("design", "development", "meeting", "support", "travel")
NOTES = (
    "Sketches for the first page", "Weekly call", "Corrections after the review", "Bug in the form",
    "Prepared the release", "Réunion avec l'équipe", "Photographs", "Reading the brief",
    "Answered questions by mail", "Pairing", "Estimates", "Moved to the new server",
)  # fmt: skip
TAGS = ("meeting", "on-site", "urgent", "rework", "pro bono", "night")
