"""What a form file may contain, as data: the allowed part of form-js and our own properties."""

COMMON = {"type", "id", "label", "description", "conditional", "layout", "properties"}
INPUT = COMMON | {"key", "validate", "defaultValue", "appearance", "disabled", "readonly"}
ATTRIBUTES = {
    "textfield": INPUT,
    "textarea": INPUT,
    "number": INPUT | {"decimalDigits"},
    "datetime": INPUT
    | {"subtype", "dateLabel", "timeLabel", "use24h", "timeSerializingFormat", "timeInterval"},
    "checkbox": INPUT,
    "checklist": INPUT | {"values", "valuesKey"},
    "radio": INPUT | {"values", "valuesKey"},
    "select": INPUT | {"values", "valuesKey", "searchable"},
    "group": COMMON | {"path", "components", "showOutline", "verticalAlignment"},
    "dynamiclist": COMMON
    | {"path", "components", "isRepeating", "allowAddRemove", "defaultRepetitions", "showOutline"}
    | {"disableCollapse", "nonCollapsedItems", "verticalAlignment"},
    "text": COMMON | {"text"},
    "separator": COMMON,
}
TYPES = tuple(ATTRIBUTES)
RULES = {  # validate.…; types not named here: required alone
    "textfield": {"required", "minLength", "maxLength", "pattern", "patternErrorMessage"}
    | {"validationType"},
    "textarea": {"required", "minLength", "maxLength"},
    "number": {"required", "min", "max"},
}
OWN = {"requiredWhen", "omitEmpty"}
PROPERTIES = {  # our own keys, typed into the editor's "custom properties"
    "textfield": OWN | {"patternErrorMessage", "inputmode", "autocomplete"},
    "textarea": OWN | {"rows"},
    "number": OWN,
    "datetime": OWN | {"notAfter", "notBefore"},
    "checkbox": OWN,
    "checklist": OWN | {"exclusive", "hideOption"},
    "radio": OWN | {"hideOption", "ask"},
    "select": OWN | {"hideOption"},
    "group": set(),
    "dynamiclist": {"minRows", "maxRows", "addLabel", "rowLabel"},
    "text": set(),
    "separator": set(),
}
