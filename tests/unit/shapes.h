/* SPDX-License-Identifier: MIT */
/*
 * shapes: document numbers that people really use, by sector and country, one a
 * row: what, template, prefix, fields, restart, fiscal year, and the text of
 * number 42 on 2026-11-24 of series INV and tenant acme. test_collide.c shows
 * that each repeats nothing and that those with different prefixes keep apart;
 * docs/TEMPLATES.md has the same rows.
 */
#ifndef DK_TESTS_SHAPES_H
#define DK_TESTS_SHAPES_H

struct used_shape {
    const char *what, *template_text, *prefix, *fields, *restart, *fiscal, *text;
};

/* clang-format off */
static const struct used_shape used_shapes[] = {
    {"invoice with the day, a yearly counter", "{SERIES}-{YYYY}{MM}{DD}-{N:6}", "", "", "yearly", "january", "INV-20261124-000042"},
    {"invoice with the day, a daily counter", "{SERIES}-{YYYY}{MM}{DD}-{N:6}", "", "", "daily", "january", "INV-20261124-000042"},
    {"invoice with the day, short daily counter", "{SERIES}-{YYYY}{MM}{DD}-{N:3}", "", "", "daily", "january", "INV-20261124-042"},
    {"invoice by year, slashes", "{SERIES}/{YYYY}/{N:5}", "", "", "yearly", "january", "INV/2026/00042"},
    {"vendor bill by month, slashes", "{SERIES}/{YYYY}/{MM}/{N:4}", "", "", "monthly", "january", "INV/2026/11/0042"},
    {"journal entry by month over a yearly counter", "{SERIES}/{YYYY}/{MM}/{N:4}", "", "", "yearly", "january", "INV/2026/11/0042"},
    {"sales invoice, company and kind before the year", "{PREFIX}-{YYYY}-{N:5}", "ACC-SINV", "", "yearly", "january", "ACC-SINV-2026-00042"},
    {"sales order, company, two digits of year", "{PREFIX}-{YY}-{N:5}", "SAL-ORD", "", "yearly", "january", "SAL-ORD-26-00042"},
    {"online shop, one counter for ever", "{SERIES}-{N:6}", "", "", "never", "january", "INV-000042"},
    {"bookkeeping service, four digits that widen", "{SERIES}-{N:4}", "", "", "never", "january", "INV-0042"},
    {"payment service, a customer's code before it", "{PREFIX}-{N:4}", "A1B2C3D4", "", "never", "january", "A1B2C3D4-0042"},
    {"French invoice, year and month over a counter for ever", "{PREFIX}{YY}{MM}-{N:4}", "FA", "", "never", "january", "FA2611-0042"},
    {"French credit note, year and month, monthly", "{PREFIX}{YY}{MM}-{N:4}", "AV", "", "monthly", "january", "AV2611-0042"},
    {"Indian voucher, fiscal year first", "{FY:25-26}/{SERIES}/{N:6}", "", "", "fiscal", "april", "26-27/INV/000042"},
    {"Indian voucher, fiscal year last", "{SERIES}/{N:3}/{FY:2025-26}", "", "", "fiscal", "april", "INV/042/2026-27"},
    {"Indian invoice of 16 characters", "{SERIES}{FY:2526}-{N:8}", "", "", "fiscal", "april", "INV2627-00000042"},
    {"Indian invoice, fiscal year in the middle", "{SERIES}/{FY:2025-26}/{N:4}", "", "", "fiscal", "april", "INV/2026-27/0042"},
    {"Indian invoice, both years whole", "{SERIES}/{FY:2025-2026}/{N:4}", "", "", "fiscal", "april", "INV/2026-2027/0042"},
    {"British invoice, fiscal year by its end", "{SERIES}-FY{FY:26}-{N:5}", "", "", "fiscal", "april", "INV-FY27-00042"},
    {"retailer, 52 or 53 weeks to the last Saturday of January", "{SERIES}-{FY:2025}-{N:6}", "", "", "fiscal", "last-saturday-january", "INV-2026-000042"},
    {"German invoice, digits only", "{YYYY}{N:6}", "", "", "yearly", "january", "2026000042"},
    {"German invoice, year and counter", "{PREFIX}-{YYYY}-{N:4}", "RE", "", "yearly", "january", "RE-2026-0042"},
    {"German invoice, year touches the prefix", "{PREFIX}{YYYY}-{N:4}", "RE", "", "yearly", "january", "RE2026-0042"},
    {"German invoice by month, digits only", "{YYYY}{MM}{N:4}", "", "", "monthly", "january", "2026110042"},
    {"Austrian freelance, year and a short counter", "{YYYY}-{N:3}", "", "", "yearly", "january", "2026-042"},
    {"two digits of year, digits only", "{YY}{N:5}", "", "", "yearly", "january", "2600042"},
    {"accounting document, ten digits", "{N:10}", "", "", "never", "january", "0000000042"},
    {"Italian invoice, counter and year", "{N}/{YYYY}", "", "", "yearly", "january", "42/2026"},
    {"Italian invoice, padded counter and year", "{N:4}/{YYYY}", "", "", "yearly", "january", "0042/2026"},
    {"Italian invoice, counter and section", "{N}/{SERIES}", "", "", "never", "january", "42/INV"},
    {"Italian invoice, counter, section and year", "{N}/{SERIES}/{YY}", "", "", "yearly", "january", "42/INV/26"},
    {"Portuguese invoice, kind, series with its year, counter", "{PREFIX}.{SERIES}{YYYY}/{N}", "FT", "", "yearly", "january", "FT.INV2026/42"},
    {"Spanish corrective invoice", "{PREFIX}-{YYYY}-{N:6}", "R", "", "yearly", "january", "R-2026-000042"},
    {"Polish invoice, counter, month, year", "{PREFIX}/{N:4}/{MM}/{YYYY}", "FV", "", "monthly", "january", "FV/0042/11/2026"},
    {"Polish invoice without a prefix", "{N}/{MM}/{YYYY}", "", "", "monthly", "january", "42/11/2026"},
    {"Croatian invoice, counter, premises, device", "{N}-{FIELD:premises}-{FIELD:device}", "", "premises=PP1 device=1", "never", "january", "42-PP1-1"},
    {"Slovene invoice, premises, device, counter", "{FIELD:premises}-{FIELD:device}-{N}", "", "premises=TRG1 device=B2", "never", "january", "TRG1-B2-42"},
    {"Hungarian invoice", "{SERIES}-{YYYY}/{N:5}", "", "", "yearly", "january", "INV-2026/00042"},
    {"Dutch invoice, year touches the counter behind a point", "{YYYY}.{N:4}", "", "", "yearly", "january", "2026.0042"},
    {"Swedish invoice, plain counter", "{N}", "", "", "never", "january", "42"},
    {"Brazilian invoice, nine digits", "{N:9}", "", "", "never", "january", "000000042"},
    {"Brazilian invoice with its series", "{SERIES}-{N:9}", "", "", "never", "january", "INV-000000042"},
    {"Argentine invoice, point of sale and counter", "{FIELD:point}-{N:8}", "", "point=0001", "never", "january", "0001-00000042"},
    {"Colombian invoice, authorized prefix", "{PREFIX}{N:9}", "SETP", "", "never", "january", "SETP000000042"},
    {"Mexican invoice, series and folio", "{SERIES}{N}", "", "", "never", "january", "INV42"},
    {"American purchase order", "{PREFIX}{N:7}", "PO", "", "never", "january", "PO0000042"},
    {"Australian tax invoice", "{PREFIX}_{YYYY}_{N:5}", "TAX", "", "yearly", "january", "TAX_2026_00042"},
    {"Japanese slip by day, points", "{YYYY}.{MM}.{DD}.{N:2}", "", "", "daily", "january", "2026.11.24.42"},
    {"sales order by day, digits together", "{PREFIX}{YY}{MM}{DD}{N:4}", "SO", "", "daily", "january", "SO2611240042"},
    {"delivery note by month, digits together", "{SERIES}{YYYY}{MM}{N:4}", "", "", "monthly", "january", "INV2026110042"},
    {"invoice by quarter", "{SERIES}-{YYYY}-Q{Q}-{N:4}", "", "", "quarterly", "january", "INV-2026-Q4-0042"},
    {"service report by ISO week", "{SERIES}-{GGGG}-W{WW}-{N:4}", "", "", "weekly", "january", "INV-2026-W48-0042"},
    {"batch by week, short", "{PREFIX}{GG}{WW}-{N:3}", "L", "", "weekly", "january", "L2648-042"},
    {"batch by day of the year", "{PREFIX}{YY}{DDD}-{N:4}", "B", "", "daily", "january", "B26328-0042"},
    {"invoice by branch", "{FIELD:branch}-{SERIES}-{YYYY}-{N:5}", "", "branch=VIE", "yearly", "january", "VIE-INV-2026-00042"},
    {"till receipt", "{FIELD:branch}{FIELD:till}-{N:6}", "", "branch=VIE till=03", "never", "january", "VIE03-000042"},
    {"till receipt by day", "{FIELD:branch}{FIELD:till}-{YY}{MM}{DD}-{N:4}", "", "branch=VIE till=03", "daily", "january", "VIE03-261124-0042"},
    {"one number range for many tenants", "{TENANT}-{SERIES}-{N:6}", "", "", "never", "january", "acme-INV-000042"},
    {"order code, base 36", "{SERIES}-{N36:6}", "", "", "never", "january", "INV-000016"},
    {"ticket by year, base 36", "{PREFIX}{YY}-{N36:4}", "T", "", "yearly", "january", "T26-0016"},
    {"customer's invoice with a Luhn digit", "{SERIES}{N:8}{LUHN}", "", "", "never", "january", "INV000000422"},
    {"contract with check digits 97-10", "{SERIES}{YYYY}{N:6}{MOD97}", "", "", "yearly", "january", "INV202600004282"},
    {"policy number with check digit 11,10", "{SERIES}-{N:9}{MOD1110}", "", "", "never", "january", "INV-0000000428"},
    {"Swiss payment reference", "{PREFIX}{N:10}{SWISS}", "2100000000031394", "", "never", "january", "210000000003139400000000425"},
    {"Finnish payment reference", "{N:9}{FINNISH}", "", "", "never", "january", "0000000424"},
    {"counter before the year", "{N:6}-{YY}", "", "", "yearly", "january", "000042-26"},
};
/* clang-format on */

enum { USED_SHAPES = sizeof used_shapes / sizeof used_shapes[0] };

#endif
