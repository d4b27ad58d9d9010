package dev.millrace.model;

/// What produced a span: OTLP's `Resource` with the schema of its attributes.
///
/// @param droppedAttributes how many attributes the sender left out
/// @param schemaUrl empty when unknown
public record Resource(Attributes attributes, int droppedAttributes, String schemaUrl) {

    public static final Resource EMPTY = new Resource(Attributes.EMPTY, 0, "");

    /// The service a span belongs to when its resource does not say.
    public static final String UNKNOWN_SERVICE = "unknown_service";

    /// `service.name`, or [#UNKNOWN_SERVICE] when it is missing, empty or not text.
    public String serviceName() {
        return attributes.find("service.name").orElse(new AttributeValue.Empty())
                                instanceof AttributeValue.Text(String name)
                        && !name.isEmpty()
                ? name
                : UNKNOWN_SERVICE;
    }
}
