"""The locations of simulated players: real towns, with the names of their regions and a time zone of the contract."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A town. Admin areas have a short and a long name; level 2 is empty where a country has none in daily use."""

    locality: str
    area2: str
    area1: str
    area1_long: str
    country: str
    country_long: str
    latitude: float
    longitude: float
    timezone: str

    def is_named(self, name: str) -> bool:
        """Returns whether a name, in any letter case, is that of the town, its region or its country."""
        names = (self.locality, self.area2, self.area1, self.area1_long, self.country, self.country_long)
        return name.casefold() in {each.casefold() for each in names if each}


_US = "United States"

PLACES = (
    Place("Palo Alto", "Santa Clara County", "CA", "California", "US", _US, 37.4419, -122.1430, "PST"),
    Place("Los Angeles", "Los Angeles County", "CA", "California", "US", _US, 34.0522, -118.2437, "PST"),
    Place("Seattle", "King County", "WA", "Washington", "US", _US, 47.6062, -122.3321, "PST"),
    Place("Denver", "Denver County", "CO", "Colorado", "US", _US, 39.7392, -104.9903, "MST"),
    Place("Phoenix", "Maricopa County", "AZ", "Arizona", "US", _US, 33.4484, -112.0740, "MST1"),
    Place("Fulton", "Callaway County", "MO", "Missouri", "US", _US, 38.8467, -91.9479, "CST"),
    Place("Chicago", "Cook County", "IL", "Illinois", "US", _US, 41.8781, -87.6298, "CST"),
    Place("Austin", "Travis County", "TX", "Texas", "US", _US, 30.2672, -97.7431, "CST"),
    Place("New York", "New York County", "NY", "New York", "US", _US, 40.7128, -74.0060, "EST"),
    Place("Miami", "Miami-Dade County", "FL", "Florida", "US", _US, 25.7617, -80.1918, "EST"),
    Place("Honolulu", "Honolulu County", "HI", "Hawaii", "US", _US, 21.3069, -157.8583, "HST"),
    Place("Toronto", "Toronto", "ON", "Ontario", "CA", "Canada", 43.6532, -79.3832, "EST"),
    Place("Vancouver", "Metro Vancouver", "BC", "British Columbia", "CA", "Canada", 49.2827, -123.1207, "PST"),
    Place("Montréal", "Montréal", "QC", "Québec", "CA", "Canada", 45.5019, -73.5674, "EST"),
    Place("Ciudad de México", "", "CDMX", "Ciudad de México", "MX", "Mexico", 19.4326, -99.1332, "CST2"),
    Place("São Paulo", "São Paulo", "SP", "São Paulo", "BR", "Brazil", -23.5505, -46.6333, "BRT"),
    Place("Buenos Aires", "", "CABA", "Ciudad de Buenos Aires", "AR", "Argentina", -34.6037, -58.3816, "GMT-3"),
    Place("Santiago", "Santiago", "RM", "Región Metropolitana", "CL", "Chile", -33.4489, -70.6693, "America/Santiago"),
    Place("London", "Greater London", "England", "England", "GB", "United Kingdom", 51.5074, -0.1278, "GMTBST"),
    Place("Edinburgh", "City of Edinburgh", "Scotland", "Scotland", "GB", "United Kingdom", 55.9533, -3.1883, "GMTBST"),
    Place("Lisboa", "Lisboa", "Lisboa", "Lisboa", "PT", "Portugal", 38.7223, -9.1393, "WET"),
    Place("Madrid", "Madrid", "MD", "Comunidad de Madrid", "ES", "Spain", 40.4168, -3.7038, "CET"),
    Place("Paris", "Paris", "IDF", "Île-de-France", "FR", "France", 48.8566, 2.3522, "CET"),
    Place("Berlin", "", "BE", "Berlin", "DE", "Germany", 52.5200, 13.4050, "CET"),
    Place("München", "Oberbayern", "BY", "Bayern", "DE", "Germany", 48.1351, 11.5820, "CET"),
    Place("Amsterdam", "Amsterdam", "NH", "Noord-Holland", "NL", "Netherlands", 52.3676, 4.9041, "CET"),
    Place("Stockholm", "", "AB", "Stockholms län", "SE", "Sweden", 59.3293, 18.0686, "CET"),
    Place("Warszawa", "Warszawa", "MZ", "Mazowieckie", "PL", "Poland", 52.2297, 21.0122, "CET"),
    Place("Odesa", "Odesa Raion", "Odesa Oblast", "Odesa Oblast", "UA", "Ukraine", 46.4825, 30.7233, "EET"),
    Place("Athína", "", "Attikí", "Attikí", "GR", "Greece", 37.9838, 23.7275, "EET"),
    Place("Cape Town", "City of Cape Town", "WC", "Western Cape", "ZA", "South Africa", -33.9249, 18.4241, "GMT+2"),
    Place("Nairobi", "", "Nairobi", "Nairobi County", "KE", "Kenya", -1.2921, 36.8219, "GMT+3"),
    Place("Dubai", "", "Dubai", "Dubai", "AE", "United Arab Emirates", 25.2048, 55.2708, "GMT+4"),
    Place("Mumbai", "Mumbai Suburban", "MH", "Maharashtra", "IN", "India", 19.0760, 72.8777, "IST"),
    Place("Kathmandu", "Kathmandu", "Bagmati", "Bagmati Province", "NP", "Nepal", 27.7172, 85.3240, "NPT"),
    Place("Singapore", "", "Singapore", "Singapore", "SG", "Singapore", 1.3521, 103.8198, "GMT+8"),
    Place("台北市", "信義區", "台北市", "台北市", "TW", "Taiwan", 25.0330, 121.5654, "GMT+8"),
    Place("Seoul", "Jung-gu", "Seoul", "Seoul", "KR", "South Korea", 37.5665, 126.9780, "Asia/Seoul"),
    Place("渋谷区", "", "東京都", "東京都", "JP", "Japan", 35.6580, 139.7016, "JST"),
    Place("Perth", "", "WA", "Western Australia", "AU", "Australia", -31.9523, 115.8613, "AWST"),
    Place("Adelaide", "", "SA", "South Australia", "AU", "Australia", -34.9285, 138.6007, "ACST"),
    Place("Sydney", "City of Sydney", "NSW", "New South Wales", "AU", "Australia", -33.8688, 151.2093, "AEST"),
    Place("Auckland", "", "AUK", "Auckland", "NZ", "New Zealand", -36.8509, 174.7645, "NZST"),
)
