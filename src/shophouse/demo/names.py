"""Small lists that the synthetic shop's names are made of."""

from __future__ import annotations

FIRST_NAMES = (
    "Aaron", "Abigail", "Adam", "Alice", "Amara", "Ana", "Andre", "Anna", "Arjun", "Aisha", "Ben", "Bianca",
    "Brian", "Camila", "Carlos", "Carmen", "Chloe", "Chris", "Clara", "Daniel", "David", "Diego", "Elena", "Eli",
    "Ella", "Emily", "Emma", "Eric", "Ethan", "Eva", "Fatima", "Felix", "Fiona", "Gabriel", "Grace", "Hannah",
    "Hassan", "Helen", "Henry", "Hugo", "Ian", "Ines", "Isaac", "Isabel", "Jack", "Jacob", "Jade", "James", "Jane",
    "Jason", "Jin", "Joao", "John", "Jonas", "Jose", "Julia", "Karen", "Kevin", "Kim", "Kofi", "Laila", "Lars",
    "Laura", "Leah", "Leo", "Liam", "Lily", "Lin", "Linda", "Louis", "Lucas", "Lucia", "Luna", "Maria", "Mark",
    "Marta", "Mary", "Mateo", "Maya", "Mei", "Mia", "Michael", "Mila", "Mohamed", "Nadia", "Naomi", "Nathan",
    "Nina", "Noah", "Noor", "Nora", "Oliver", "Olivia", "Omar", "Oscar", "Paul", "Peter", "Priya", "Quinn",
    "Rachel", "Rafael", "Rosa", "Ruth", "Ryan", "Sam", "Sara", "Simon", "Sofia", "Sonia", "Tariq", "Thomas", "Tina",
    "Tom", "Uma", "Valeria", "Victor", "Wei", "Will", "Yara", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Adams", "Allen", "Alvarez", "Anderson", "Bailey", "Baker", "Barnes", "Bell", "Bennett", "Brooks", "Brown",
    "Bryant", "Butler", "Campbell", "Carter", "Castillo", "Chavez", "Chen", "Clark", "Collins", "Cook", "Cooper",
    "Cox", "Cruz", "Davis", "Diaz", "Edwards", "Evans", "Fisher", "Flores", "Foster", "Garcia", "Gomez", "Gonzalez",
    "Gray", "Green", "Gupta", "Gutierrez", "Hall", "Harris", "Hayes", "Henderson", "Hernandez", "Hill", "Howard",
    "Hughes", "Jackson", "James", "Jenkins", "Jimenez", "Johnson", "Jones", "Kelly", "Khan", "Kim", "King", "Kumar",
    "Lee", "Lewis", "Long", "Lopez", "Martin", "Martinez", "Mendoza", "Miller", "Mitchell", "Moore", "Morales",
    "Morgan", "Morris", "Murphy", "Myers", "Nelson", "Nguyen", "Okafor", "Oliver", "Ortiz", "Owens", "Parker",
    "Patel", "Perez", "Perry", "Peterson", "Phillips", "Powell", "Price", "Ramirez", "Ramos", "Reed", "Reyes",
    "Reynolds", "Richardson", "Rivera", "Roberts", "Robinson", "Rodriguez", "Rogers", "Ross", "Ruiz", "Russell",
    "Sanchez", "Sanders", "Scott", "Shah", "Silva", "Singh", "Smith", "Stewart", "Sullivan", "Taylor", "Thomas",
    "Thompson", "Torres", "Turner", "Walker", "Ward", "Watson", "White", "Williams", "Wilson", "Wong", "Wood",
    "Wright", "Young", "Zhang",
)  # fmt: skip

EMAIL_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")

# city, state, first postal code, sales tax in basis points, weight, days of transit added by distance
CITIES: tuple[tuple[str, str, int, int, int, int], ...] = (
    ("New York", "NY", 10001, 888, 83, 1),
    ("Buffalo", "NY", 14201, 875, 6, 1),
    ("Los Angeles", "CA", 90001, 950, 60, 3),
    ("San Diego", "CA", 92101, 775, 22, 3),
    ("San Jose", "CA", 95110, 938, 16, 3),
    ("San Francisco", "CA", 94102, 863, 20, 3),
    ("Fresno", "CA", 93701, 835, 7, 3),
    ("Chicago", "IL", 60601, 1025, 40, 0),
    ("Houston", "TX", 77001, 825, 34, 1),
    ("San Antonio", "TX", 78201, 825, 18, 1),
    ("Dallas", "TX", 75201, 825, 21, 1),
    ("Austin", "TX", 73301, 825, 17, 1),
    ("Phoenix", "AZ", 85001, 860, 22, 2),
    ("Tucson", "AZ", 85701, 870, 7, 2),
    ("Philadelphia", "PA", 19102, 800, 24, 1),
    ("Pittsburgh", "PA", 15201, 700, 8, 0),
    ("Jacksonville", "FL", 32099, 750, 10, 1),
    ("Miami", "FL", 33101, 700, 18, 2),
    ("Tampa", "FL", 33601, 750, 10, 1),
    ("Orlando", "FL", 32801, 650, 9, 1),
    ("Columbus", "OH", 43085, 750, 11, 0),
    ("Cleveland", "OH", 44101, 800, 7, 0),
    ("Charlotte", "NC", 28201, 725, 12, 1),
    ("Raleigh", "NC", 27601, 725, 8, 1),
    ("Indianapolis", "IN", 46201, 700, 9, 0),
    ("Seattle", "WA", 98101, 1035, 19, 3),
    ("Spokane", "WA", 99201, 900, 4, 3),
    ("Denver", "CO", 80201, 881, 14, 1),
    ("Washington", "DC", 20001, 600, 12, 1),
    ("Boston", "MA", 2108, 625, 17, 1),
    ("Worcester", "MA", 1601, 625, 4, 1),
    ("Providence", "RI", 2901, 700, 4, 1),
    ("Hartford", "CT", 6101, 635, 4, 1),
    ("Newark", "NJ", 7101, 663, 9, 1),
    ("Jersey City", "NJ", 7302, 663, 8, 1),
    ("Detroit", "MI", 48201, 600, 10, 0),
    ("Grand Rapids", "MI", 49501, 600, 4, 0),
    ("Nashville", "TN", 37201, 925, 10, 1),
    ("Memphis", "TN", 37501, 975, 7, 1),
    ("Portland", "OR", 97201, 0, 14, 3),
    ("Eugene", "OR", 97401, 0, 3, 3),
    ("Las Vegas", "NV", 88901, 838, 10, 2),
    ("Louisville", "KY", 40201, 600, 6, 0),
    ("Baltimore", "MD", 21201, 600, 9, 1),
    ("Milwaukee", "WI", 53201, 550, 7, 0),
    ("Madison", "WI", 53701, 550, 5, 0),
    ("Albuquerque", "NM", 87101, 763, 6, 2),
    ("Kansas City", "MO", 64101, 886, 8, 0),
    ("St. Louis", "MO", 63101, 968, 7, 0),
    ("Atlanta", "GA", 30301, 890, 18, 1),
    ("Omaha", "NE", 68101, 700, 5, 0),
    ("Minneapolis", "MN", 55401, 803, 12, 1),
    ("New Orleans", "LA", 70112, 945, 6, 1),
    ("Oklahoma City", "OK", 73101, 863, 6, 1),
    ("Salt Lake City", "UT", 84101, 775, 7, 2),
    ("Richmond", "VA", 23218, 600, 6, 1),
    ("Birmingham", "AL", 35201, 1000, 5, 1),
    ("Honolulu", "HI", 96801, 450, 4, 5),
    ("Anchorage", "AK", 99501, 0, 2, 5),
    ("Manchester", "NH", 3101, 0, 3, 1),
)

BRANDS = (
    "Aldergrove", "Birch&Bee", "Calloway", "Dunmore", "Eastlake", "Fernhill", "Grayling", "Hearthside", "Inkwell",
    "Juniper", "Kestrel", "Lowland", "Marlow", "Northbay", "Oakhurst", "Pinecrest", "Quillon", "Redfern",
    "Stonebridge", "Tidewater", "Umberly", "Valemont", "Wexford", "Yarrow",
)  # fmt: skip

ADJECTIVES = (
    "Classic", "Compact", "Cosy", "Crisp", "Daily", "Deluxe", "Essential", "Everyday", "Folding", "Fresh", "Gentle",
    "Heavy", "Iconic", "Light", "Little", "Loft", "Matte", "Mini", "Modern", "Natural", "Nordic", "Original",
    "Pocket", "Premium", "Pure", "Quiet", "Rustic", "Simple", "Slim", "Smart", "Soft", "Solid", "Sturdy", "Sunny",
    "Travel", "Trusty", "Urban", "Vintage", "Warm", "Wide",
)  # fmt: skip

# parent category → child category → the nouns sold in it, with the price range in whole units of money
CATEGORIES: dict[str, dict[str, tuple[tuple[str, ...], int, int]]] = {
    "Kitchen": {
        "Cookware": (("Skillet", "Saucepan", "Stockpot", "Wok", "Casserole"), 25, 140),
        "Tableware": (("Plate Set", "Bowl", "Mug", "Carafe", "Cutlery, 16 pieces"), 8, 60),
        "Coffee & Tea": (("Coffee Grinder", "Teapot", "French Press", "Milk Frother"), 12, 95),
    },
    "Home": {
        "Bedding": (("Duvet Cover", "Pillow", "Blanket", "Sheet Set"), 20, 150),
        "Lighting": (("Table Lamp", "Floor Lamp", "Pendant", "Candle"), 9, 180),
        "Storage": (("Basket", "Shelf", "Box, set of 3", "Hook Rail"), 7, 80),
        "Decor": (("Vase", "Picture Frame", 'Mirror 24"', "Cushion", "Rug"), 10, 160),
    },
    "Garden": {
        "Tools": (("Trowel", "Pruner", "Watering Can", "Rake"), 9, 55),
        "Plants": (("Fern", "Succulent", "Herb Kit", "Olive Tree"), 6, 70),
    },
    "Clothing": {
        "Tops": (("T-Shirt", "Shirt", "Sweater", "Hoodie"), 15, 90),
        "Trousers": (("Jeans", "Chinos", "Shorts", "Leggings"), 25, 110),
        "Accessories": (("Scarf", "Cap", "Belt", "Gloves", "Tote Bag"), 8, 65),
    },
    "Beauty": {
        "Skin Care": (("Face Cream", "Serum", "Sun Lotion", "Cleanser"), 8, 75),
        "Bath": (("Soap Bar", "Bath Salts", "Shower Gel", "Towel"), 4, 40),
    },
    "Electronics": {
        "Audio": (("Speaker", "Headphones", "Earbuds"), 25, 260),
        "Chargers": (("Power Bank", "Charger", "Cable 6'"), 7, 70),
        "Wearables": (("Watch", "Fitness Band"), 40, 300),
    },
    "Kids": {
        "Toys": (("Puzzle", "Building Blocks", "Plush Bear", "Train Set"), 8, 85),
        "Stationery": (("Notebook", "Pencil Set", "Sketchbook", "Stickers"), 2, 28),
    },
    "Food": {
        "Pantry": (("Olive Oil", "Honey", "Granola", "Pasta"), 4, 35),
        "Sweets": (("Dark Chocolate", "Cookies", "Fudge"), 3, 24),
    },
}
GIFT_CARDS = "Gift Cards"

CHANNELS = ("web", "mobile_app", "marketplace", "social", "phone")
CHANNEL_WEIGHTS = (0.55, 0.25, 0.12, 0.06, 0.02)
PAYMENT_METHODS = ("card", "paypal", "apple_pay", "klarna", "bank_transfer", "gift_card")
PAYMENT_WEIGHTS = (0.58, 0.18, 0.1, 0.08, 0.05, 0.01)
CARRIERS = ("UPS", "FedEx", "USPS", "DHL")
REFUND_REASONS = ("damaged", "wrong_item", "not_as_described", "changed_mind", "arrived_late", "goodwill")
DISCOUNT_CODES = ("WELCOME10", "SAVE5", "SUMMER15", "THANKS10", "VIP20", "FREESHIP")
