"""Real cities the generator builds on: place, timezone, and how many people there watch.

Coordinates are rounded to a hundredth of a degree and weights are rough guesses of an audience (about one
per million people with broadband): enough for distances, time differences and proportions, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cdnplan.model.network.topology import Location


@dataclass(frozen=True, slots=True)
class City:
    """A city with its ISO 3166 alpha-2 country, IANA timezone and audience weight.

    `exchange` says whether exchange points are built there.
    """

    name: str
    country: str
    location: Location
    timezone: str
    weight: float
    exchange: bool


@cache
def all_cities() -> tuple[City, ...]:
    """Every city of the table, in its order: a country together, its main place of exchange points first.

    Examples
    --------
    >>> all_cities()[0].name, len({city.country for city in all_cities()})
    ('London', 175)
    """
    return tuple(_city(line) for line in _TABLE.strip().splitlines())


def _city(line: str) -> City:
    country, name, latitude, longitude, timezone, weight, *flags = line.split()
    place = (float(latitude), float(longitude))
    return City(name.replace("_", " "), country, place, timezone, float(weight), "x" in flags)


# country, city (_ for a space), latitude, longitude, timezone, weight, x where exchange points are built
_TABLE = """
GB London 51.51 -0.13 Europe/London 12 x
GB Manchester 53.48 -2.24 Europe/London 3.5 x
GB Birmingham 52.49 -1.89 Europe/London 3.2
GB Glasgow 55.86 -4.25 Europe/London 1.7
GB Leeds 53.80 -1.55 Europe/London 2.1
GB Bristol 51.45 -2.59 Europe/London 1.2
GB Belfast 54.60 -5.93 Europe/London 0.7
DE Frankfurt 50.11 8.68 Europe/Berlin 3.0 x
DE Berlin 52.52 13.41 Europe/Berlin 4.2 x
DE Hamburg 53.55 9.99 Europe/Berlin 2.8 x
DE Munich 48.14 11.58 Europe/Berlin 2.9 x
DE Cologne 50.94 6.96 Europe/Berlin 3.6
DE Dusseldorf 51.23 6.78 Europe/Berlin 2.6 x
DE Stuttgart 48.78 9.18 Europe/Berlin 2.4
DE Leipzig 51.34 12.37 Europe/Berlin 1.0
FR Paris 48.86 2.35 Europe/Paris 9.5 x
FR Lyon 45.76 4.84 Europe/Paris 1.8 x
FR Marseille 43.30 5.37 Europe/Paris 1.7 x
FR Lille 50.63 3.06 Europe/Paris 1.3
FR Toulouse 43.60 1.44 Europe/Paris 1.2
FR Bordeaux 44.84 -0.58 Europe/Paris 1.1
FR Nantes 47.22 -1.55 Europe/Paris 0.9
FR Strasbourg 48.57 7.75 Europe/Paris 0.8
FR Nice 43.70 7.27 Europe/Paris 0.9
FR Rennes 48.11 -1.68 Europe/Paris 0.7
ES Madrid 40.42 -3.70 Europe/Madrid 5.0 x
ES Barcelona 41.39 2.17 Europe/Madrid 4.2 x
ES Valencia 39.47 -0.38 Europe/Madrid 1.4
ES Seville 37.39 -5.98 Europe/Madrid 1.2
ES Bilbao 43.26 -2.93 Europe/Madrid 0.9
ES Las_Palmas 28.12 -15.44 Atlantic/Canary 0.6
IT Milan 45.46 9.19 Europe/Rome 4.3 x
IT Rome 41.90 12.50 Europe/Rome 3.4 x
IT Naples 40.85 14.27 Europe/Rome 2.0
IT Turin 45.07 7.69 Europe/Rome 1.4
IT Bologna 44.49 11.34 Europe/Rome 0.8
IT Palermo 38.12 13.36 Europe/Rome 0.8
NL Amsterdam 52.37 4.90 Europe/Amsterdam 2.6 x
NL Rotterdam 51.92 4.48 Europe/Amsterdam 2.1
NL Utrecht 52.09 5.12 Europe/Amsterdam 1.1
NL Groningen 53.22 6.57 Europe/Amsterdam 0.4
BE Brussels 50.85 4.35 Europe/Brussels 2.0 x
BE Antwerp 51.22 4.40 Europe/Brussels 1.2
BE Ghent 51.05 3.72 Europe/Brussels 0.6
BE Liege 50.63 5.57 Europe/Brussels 0.6
LU Luxembourg 49.61 6.13 Europe/Luxembourg 0.4 x
CH Zurich 47.37 8.54 Europe/Zurich 1.5 x
CH Geneva 46.20 6.14 Europe/Zurich 0.7
CH Bern 46.95 7.45 Europe/Zurich 0.5
AT Vienna 48.21 16.37 Europe/Vienna 2.1 x
AT Graz 47.07 15.44 Europe/Vienna 0.5
AT Innsbruck 47.27 11.40 Europe/Vienna 0.3
IE Dublin 53.35 -6.26 Europe/Dublin 1.6 x
IE Cork 51.90 -8.47 Europe/Dublin 0.4
PT Lisbon 38.72 -9.14 Europe/Lisbon 1.9 x
PT Porto 41.15 -8.61 Europe/Lisbon 1.2
PT Funchal 32.65 -16.91 Atlantic/Madeira 0.2
SE Stockholm 59.33 18.07 Europe/Stockholm 2.2 x
SE Gothenburg 57.71 11.97 Europe/Stockholm 1.0
SE Malmo 55.60 13.00 Europe/Stockholm 0.7
NO Oslo 59.91 10.75 Europe/Oslo 1.5 x
NO Bergen 60.39 5.32 Europe/Oslo 0.4
NO Tromso 69.65 18.96 Europe/Oslo 0.1
DK Copenhagen 55.68 12.57 Europe/Copenhagen 1.8 x
DK Aarhus 56.16 10.20 Europe/Copenhagen 0.6
FI Helsinki 60.17 24.94 Europe/Helsinki 1.4 x
FI Tampere 61.50 23.76 Europe/Helsinki 0.4
FI Oulu 65.01 25.47 Europe/Helsinki 0.2
IS Reykjavik 64.15 -21.94 Atlantic/Reykjavik 0.3
PL Warsaw 52.23 21.01 Europe/Warsaw 2.6 x
PL Krakow 50.06 19.94 Europe/Warsaw 1.2
PL Wroclaw 51.11 17.04 Europe/Warsaw 1.0
PL Gdansk 54.35 18.65 Europe/Warsaw 0.9
CZ Prague 50.08 14.44 Europe/Prague 1.8 x
CZ Brno 49.20 16.61 Europe/Prague 0.6
SK Bratislava 48.15 17.11 Europe/Bratislava 0.8
HU Budapest 47.50 19.04 Europe/Budapest 1.9 x
RO Bucharest 44.43 26.10 Europe/Bucharest 2.0 x
RO Cluj 46.77 23.59 Europe/Bucharest 0.6
BG Sofia 42.70 23.32 Europe/Sofia 1.2 x
GR Athens 37.98 23.73 Europe/Athens 2.4 x
GR Thessaloniki 40.64 22.94 Europe/Athens 0.8
HR Zagreb 45.81 15.98 Europe/Zagreb 0.8
SI Ljubljana 46.06 14.51 Europe/Ljubljana 0.4
RS Belgrade 44.79 20.45 Europe/Belgrade 1.2
BA Sarajevo 43.86 18.41 Europe/Sarajevo 0.4
ME Podgorica 42.44 19.26 Europe/Podgorica 0.1
MK Skopje 41.99 21.43 Europe/Skopje 0.3
AL Tirana 41.33 19.82 Europe/Tirane 0.4
MT Valletta 35.90 14.51 Europe/Malta 0.2
CY Nicosia 35.19 33.38 Asia/Nicosia 0.4
EE Tallinn 59.44 24.75 Europe/Tallinn 0.4
LV Riga 56.95 24.11 Europe/Riga 0.5
LT Vilnius 54.69 25.28 Europe/Vilnius 0.7
UA Kyiv 50.45 30.52 Europe/Kyiv 2.0 x
UA Lviv 49.84 24.03 Europe/Kyiv 0.6
MD Chisinau 47.01 28.86 Europe/Chisinau 0.3
AD Andorra_la_Vella 42.51 1.52 Europe/Andorra 0.05
MC Monaco 43.74 7.42 Europe/Monaco 0.05
US New_York 40.71 -74.01 America/New_York 19 x
US Los_Angeles 34.05 -118.24 America/Los_Angeles 13 x
US Chicago 41.88 -87.63 America/Chicago 9.4 x
US Dallas 32.78 -96.80 America/Chicago 7.8 x
US Houston 29.76 -95.37 America/Chicago 7.2
US Washington 38.91 -77.04 America/New_York 6.3 x
US Philadelphia 39.95 -75.17 America/New_York 6.2
US Miami 25.76 -80.19 America/New_York 6.1 x
US Atlanta 33.75 -84.39 America/New_York 6.1 x
US Boston 42.36 -71.06 America/New_York 4.9
US Phoenix 33.45 -112.07 America/Phoenix 4.9
US San_Francisco 37.77 -122.42 America/Los_Angeles 4.6
US San_Jose 37.34 -121.89 America/Los_Angeles 2.0 x
US Detroit 42.33 -83.05 America/Detroit 4.3
US Seattle 47.61 -122.33 America/Los_Angeles 4.0 x
US Minneapolis 44.98 -93.27 America/Chicago 3.7
US San_Diego 32.72 -117.16 America/Los_Angeles 3.3
US Tampa 27.95 -82.46 America/New_York 3.2
US Denver 39.74 -104.99 America/Denver 3.0 x
US St_Louis 38.63 -90.20 America/Chicago 2.8
US Charlotte 35.23 -80.84 America/New_York 2.7
US Salt_Lake_City 40.76 -111.89 America/Denver 1.3
US Honolulu 21.31 -157.86 Pacific/Honolulu 1.0
US Anchorage 61.22 -149.90 America/Anchorage 0.4
CA Toronto 43.65 -79.38 America/Toronto 6.0 x
CA Montreal 45.50 -73.57 America/Toronto 4.0 x
CA Vancouver 49.28 -123.12 America/Vancouver 2.5 x
CA Calgary 51.05 -114.07 America/Edmonton 1.5
CA Ottawa 45.42 -75.70 America/Toronto 1.4
CA Winnipeg 49.90 -97.14 America/Winnipeg 0.8
CA Halifax 44.65 -63.58 America/Halifax 0.5
MX Mexico_City 19.43 -99.13 America/Mexico_City 10 x
MX Monterrey 25.69 -100.32 America/Monterrey 3.2
MX Guadalajara 20.67 -103.35 America/Mexico_City 3.0
MX Tijuana 32.51 -117.04 America/Tijuana 1.2
MX Queretaro 20.59 -100.39 America/Mexico_City 1.0 x
MX Merida 20.97 -89.62 America/Merida 0.8
GT Guatemala_City 14.63 -90.51 America/Guatemala 0.9
HN Tegucigalpa 14.07 -87.19 America/Tegucigalpa 0.5
SV San_Salvador 13.69 -89.22 America/El_Salvador 0.5
NI Managua 12.11 -86.24 America/Managua 0.3
CR San_Jose 9.93 -84.08 America/Costa_Rica 0.9
PA Panama_City 8.98 -79.52 America/Panama 0.8 x
BZ Belize_City 17.50 -88.20 America/Belize 0.1
JM Kingston 17.97 -76.79 America/Jamaica 0.4
HT Port-au-Prince 18.54 -72.34 America/Port-au-Prince 0.2
DO Santo_Domingo 18.49 -69.93 America/Santo_Domingo 1.2
PR San_Juan 18.47 -66.11 America/Puerto_Rico 0.9
BS Nassau 25.05 -77.36 America/Nassau 0.15
BB Bridgetown 13.10 -59.61 America/Barbados 0.12
TT Port_of_Spain 10.65 -61.51 America/Port_of_Spain 0.4
LC Castries 14.01 -60.99 America/St_Lucia 0.06
VC Kingstown 13.16 -61.23 America/St_Vincent 0.04
GD St_Georges 12.05 -61.75 America/Grenada 0.04
AG St_Johns 17.13 -61.85 America/Antigua 0.04
BM Hamilton 32.29 -64.78 Atlantic/Bermuda 0.05
KY George_Town 19.29 -81.38 America/Cayman 0.05
CW Willemstad 12.12 -68.93 America/Curacao 0.08
AW Oranjestad 12.52 -70.03 America/Aruba 0.06
BR Sao_Paulo -23.55 -46.63 America/Sao_Paulo 14 x
BR Rio_de_Janeiro -22.91 -43.17 America/Sao_Paulo 7.5 x
BR Belo_Horizonte -19.92 -43.94 America/Sao_Paulo 3.6
BR Brasilia -15.79 -47.88 America/Sao_Paulo 3.0
BR Porto_Alegre -30.03 -51.23 America/Sao_Paulo 2.7 x
BR Curitiba -25.43 -49.27 America/Sao_Paulo 2.4 x
BR Fortaleza -3.73 -38.53 America/Fortaleza 2.3 x
BR Recife -8.05 -34.88 America/Recife 2.1
BR Salvador -12.97 -38.50 America/Bahia 2.1
BR Goiania -16.69 -49.26 America/Sao_Paulo 1.6
BR Belem -1.46 -48.50 America/Belem 1.1
BR Manaus -3.12 -60.02 America/Manaus 1.1
BR Campinas -22.91 -47.06 America/Sao_Paulo 2.1
AR Buenos_Aires -34.60 -58.38 America/Argentina/Buenos_Aires 6.5 x
AR Cordoba -31.42 -64.18 America/Argentina/Cordoba 1.2
AR Rosario -32.95 -60.64 America/Argentina/Cordoba 1.1
AR Mendoza -32.89 -68.84 America/Argentina/Mendoza 0.8
CL Santiago -33.45 -70.67 America/Santiago 3.6 x
CL Concepcion -36.83 -73.05 America/Santiago 0.7
CO Bogota 4.71 -74.07 America/Bogota 4.0 x
CO Medellin 6.24 -75.58 America/Bogota 1.9
CO Cali 3.45 -76.53 America/Bogota 1.3
PE Lima -12.05 -77.04 America/Lima 3.4 x
PE Arequipa -16.41 -71.54 America/Lima 0.5
VE Caracas 10.48 -66.90 America/Caracas 1.0
EC Quito -0.18 -78.47 America/Guayaquil 0.9
EC Guayaquil -2.19 -79.89 America/Guayaquil 1.0 x
BO Santa_Cruz -17.78 -63.18 America/La_Paz 0.7
PY Asuncion -25.26 -57.58 America/Asuncion 0.8
UY Montevideo -34.90 -56.16 America/Montevideo 1.1
GY Georgetown 6.80 -58.16 America/Guyana 0.1
SR Paramaribo 5.85 -55.20 America/Paramaribo 0.1
JP Tokyo 35.68 139.69 Asia/Tokyo 12 x
JP Osaka 34.69 135.50 Asia/Tokyo 6.0 x
JP Nagoya 35.18 136.91 Asia/Tokyo 3.0
JP Fukuoka 33.59 130.40 Asia/Tokyo 1.6
JP Sapporo 43.06 141.35 Asia/Tokyo 1.3
KR Seoul 37.57 126.98 Asia/Seoul 8.0 x
KR Busan 35.18 129.08 Asia/Seoul 2.2
KR Daegu 35.87 128.60 Asia/Seoul 1.2
TW Taipei 25.03 121.57 Asia/Taipei 3.2 x
TW Kaohsiung 22.63 120.30 Asia/Taipei 1.1
HK Hong_Kong 22.32 114.17 Asia/Hong_Kong 3.0 x
MO Macao 22.20 113.54 Asia/Macau 0.2
MN Ulaanbaatar 47.89 106.91 Asia/Ulaanbaatar 0.3
IN Mumbai 19.08 72.88 Asia/Kolkata 6.5 x
IN Delhi 28.61 77.21 Asia/Kolkata 6.5 x
IN Bengaluru 12.97 77.59 Asia/Kolkata 4.0
IN Chennai 13.08 80.27 Asia/Kolkata 3.0 x
IN Hyderabad 17.39 78.49 Asia/Kolkata 3.0
IN Kolkata 22.57 88.36 Asia/Kolkata 2.6
IN Pune 18.52 73.86 Asia/Kolkata 1.8
IN Ahmedabad 23.02 72.57 Asia/Kolkata 1.5
PK Karachi 24.86 67.00 Asia/Karachi 1.5
PK Lahore 31.55 74.34 Asia/Karachi 1.2
BD Dhaka 23.81 90.41 Asia/Dhaka 1.6
LK Colombo 6.93 79.86 Asia/Colombo 0.6
NP Kathmandu 27.72 85.32 Asia/Kathmandu 0.4
BT Thimphu 27.47 89.64 Asia/Thimphu 0.05
MV Male 4.18 73.51 Indian/Maldives 0.1
SG Singapore 1.35 103.82 Asia/Singapore 3.0 x
MY Kuala_Lumpur 3.14 101.69 Asia/Kuala_Lumpur 2.8 x
MY Kuching 1.55 110.36 Asia/Kuching 0.4
ID Jakarta -6.21 106.85 Asia/Jakarta 5.0 x
ID Surabaya -7.26 112.75 Asia/Jakarta 1.5
ID Makassar -5.15 119.43 Asia/Makassar 0.5
TH Bangkok 13.76 100.50 Asia/Bangkok 4.0 x
TH Chiang_Mai 18.79 98.99 Asia/Bangkok 0.6
VN Ho_Chi_Minh_City 10.82 106.63 Asia/Ho_Chi_Minh 2.5
VN Hanoi 21.03 105.85 Asia/Ho_Chi_Minh 1.8
PH Manila 14.60 120.98 Asia/Manila 5.0 x
PH Cebu 10.32 123.89 Asia/Manila 1.0
PH Davao 7.19 125.46 Asia/Manila 0.7
KH Phnom_Penh 11.56 104.92 Asia/Phnom_Penh 0.3
LA Vientiane 17.98 102.63 Asia/Vientiane 0.1
MM Yangon 16.87 96.20 Asia/Yangon 0.4
BN Bandar_Seri_Begawan 4.90 114.94 Asia/Brunei 0.1
TL Dili -8.56 125.57 Asia/Dili 0.03
TR Istanbul 41.01 28.98 Europe/Istanbul 5.5 x
TR Ankara 39.93 32.86 Europe/Istanbul 2.0
TR Izmir 38.42 27.14 Europe/Istanbul 1.6
AE Dubai 25.20 55.27 Asia/Dubai 2.4 x
SA Riyadh 24.71 46.68 Asia/Riyadh 3.0
SA Jeddah 21.49 39.19 Asia/Riyadh 2.0 x
QA Doha 25.29 51.53 Asia/Qatar 0.6
KW Kuwait_City 29.38 47.98 Asia/Kuwait 0.7
BH Manama 26.23 50.59 Asia/Bahrain 0.3
OM Muscat 23.59 58.38 Asia/Muscat 0.5
YE Sanaa 15.37 44.19 Asia/Aden 0.1
IQ Baghdad 33.31 44.37 Asia/Baghdad 0.8
JO Amman 31.95 35.93 Asia/Amman 0.7
LB Beirut 33.89 35.50 Asia/Beirut 0.5
IL Tel_Aviv 32.09 34.78 Asia/Jerusalem 2.2 x
PS Ramallah 31.90 35.20 Asia/Hebron 0.2
GE Tbilisi 41.72 44.83 Asia/Tbilisi 0.4
AM Yerevan 40.18 44.51 Asia/Yerevan 0.3
AZ Baku 40.41 49.87 Asia/Baku 0.5
KZ Almaty 43.24 76.89 Asia/Almaty 0.8
UZ Tashkent 41.30 69.24 Asia/Tashkent 0.5
KG Bishkek 42.87 74.57 Asia/Bishkek 0.2
TJ Dushanbe 38.56 68.77 Asia/Dushanbe 0.1
ZA Johannesburg -26.20 28.05 Africa/Johannesburg 3.4 x
ZA Cape_Town -33.92 18.42 Africa/Johannesburg 2.0 x
ZA Durban -29.86 31.02 Africa/Johannesburg 1.3
EG Cairo 30.04 31.24 Africa/Cairo 2.6 x
EG Alexandria 31.20 29.92 Africa/Cairo 0.8
NG Lagos 6.52 3.38 Africa/Lagos 1.8 x
NG Abuja 9.06 7.49 Africa/Lagos 0.5
KE Nairobi -1.29 36.82 Africa/Nairobi 0.9 x
KE Mombasa -4.04 39.67 Africa/Nairobi 0.2
MA Casablanca 33.57 -7.59 Africa/Casablanca 1.2
MA Rabat 34.02 -6.84 Africa/Casablanca 0.5
DZ Algiers 36.75 3.06 Africa/Algiers 0.9
TN Tunis 36.81 10.18 Africa/Tunis 0.6
LY Tripoli 32.89 13.19 Africa/Tripoli 0.2
GH Accra 5.60 -0.19 Africa/Accra 0.6
CI Abidjan 5.36 -4.01 Africa/Abidjan 0.5
SN Dakar 14.72 -17.47 Africa/Dakar 0.4
ML Bamako 12.64 -8.00 Africa/Bamako 0.1
BF Ouagadougou 12.37 -1.52 Africa/Ouagadougou 0.1
NE Niamey 13.51 2.13 Africa/Niamey 0.04
TD Ndjamena 12.13 15.06 Africa/Ndjamena 0.03
MR Nouakchott 18.08 -15.98 Africa/Nouakchott 0.05
GM Banjul 13.45 -16.58 Africa/Banjul 0.03
GN Conakry 9.64 -13.58 Africa/Conakry 0.08
SL Freetown 8.47 -13.23 Africa/Freetown 0.04
LR Monrovia 6.30 -10.80 Africa/Monrovia 0.04
TG Lome 6.13 1.22 Africa/Lome 0.1
BJ Cotonou 6.37 2.39 Africa/Porto-Novo 0.1
CM Douala 4.05 9.77 Africa/Douala 0.3
GA Libreville 0.42 9.47 Africa/Libreville 0.1
GQ Malabo 3.75 8.78 Africa/Malabo 0.03
CG Brazzaville -4.26 15.24 Africa/Brazzaville 0.1
CD Kinshasa -4.44 15.27 Africa/Kinshasa 0.3
CV Praia 14.93 -23.51 Atlantic/Cape_Verde 0.06
AO Luanda -8.84 13.29 Africa/Luanda 0.5
NA Windhoek -22.56 17.07 Africa/Windhoek 0.2
BW Gaborone -24.63 25.92 Africa/Gaborone 0.2
ZM Lusaka -15.39 28.32 Africa/Lusaka 0.2
ZW Harare -17.83 31.05 Africa/Harare 0.2
MZ Maputo -25.97 32.57 Africa/Maputo 0.2
MW Lilongwe -13.96 33.77 Africa/Blantyre 0.06
SZ Mbabane -26.31 31.14 Africa/Mbabane 0.05
LS Maseru -29.32 27.48 Africa/Maseru 0.05
TZ Dar_es_Salaam -6.79 39.21 Africa/Dar_es_Salaam 0.4
UG Kampala 0.35 32.58 Africa/Kampala 0.3
RW Kigali -1.94 30.06 Africa/Kigali 0.1
BI Bujumbura -3.38 29.36 Africa/Bujumbura 0.03
ET Addis_Ababa 9.03 38.74 Africa/Addis_Ababa 0.3
DJ Djibouti 11.59 43.15 Africa/Djibouti 0.04 x
SO Mogadishu 2.05 45.32 Africa/Mogadishu 0.03
SD Khartoum 15.50 32.56 Africa/Khartoum 0.1
MG Antananarivo -18.88 47.51 Indian/Antananarivo 0.1
MU Port_Louis -20.16 57.50 Indian/Mauritius 0.2
SC Victoria -4.62 55.45 Indian/Mahe 0.03
AU Sydney -33.87 151.21 Australia/Sydney 5.0 x
AU Melbourne -37.81 144.96 Australia/Melbourne 4.8 x
AU Brisbane -27.47 153.03 Australia/Brisbane 2.5 x
AU Perth -31.95 115.86 Australia/Perth 2.0 x
AU Adelaide -34.93 138.60 Australia/Adelaide 1.3
NZ Auckland -36.85 174.76 Pacific/Auckland 1.6 x
NZ Wellington -41.29 174.78 Pacific/Auckland 0.5
NZ Christchurch -43.53 172.64 Pacific/Auckland 0.5
FJ Suva -18.14 178.44 Pacific/Fiji 0.1
PG Port_Moresby -9.44 147.18 Pacific/Port_Moresby 0.1
NC Noumea -22.27 166.46 Pacific/Noumea 0.1
PF Papeete -17.54 -149.57 Pacific/Tahiti 0.1
"""
