package dev.millrace.load.traffic;

import dev.millrace.load.traffic.Operation.Entry;
import dev.millrace.load.traffic.Operation.Step;
import dev.millrace.load.traffic.Operation.Store;
import dev.millrace.load.traffic.Service.Platform;
import java.util.ArrayList;
import java.util.List;

/// The online shop: thirty services, their operations and who calls whom.
///
/// Read bottom up: what is called is declared before its callers.
final class Shop {

    /// A way into the shop and how often it is taken compared with the others.
    record Visit(Operation operation, int weight) {}

    private static final Store ORDERS_DB =
            new Store("postgresql", "orders", "orders-db.shop.svc", 5432, 2.5);
    private static final Store USERS_DB =
            new Store("postgresql", "users", "users-db.shop.svc", 5432, 1.8);
    private static final Store CATALOG_DB =
            new Store("mongodb", "catalog", "catalog-db.shop.svc", 27017, 2.2);
    private static final Store STOCK_DB =
            new Store("mysql", "stock", "stock-db.shop.svc", 3306, 2.0);
    private static final Store SEARCH_INDEX =
            new Store("elasticsearch", "products", "search-index.shop.svc", 9200, 9);
    private static final Store CACHE = new Store("redis", "0", "cache.shop.svc", 6379, 0.4);
    private static final Store FEATURES =
            new Store("cassandra", "features", "features-db.shop.svc", 9042, 3);
    private static final Store FILES =
            new Store("aws.s3", "shop-files", "s3.eu-central-1.amazonaws.com", 443, 22);

    private final List<Service> services = new ArrayList<>();

    private final Service gateway = service("gateway", Platform.GO, 3);
    private final Service web = service("web", Platform.NODE, 3);
    private final Service mobileApi = service("mobile-api", Platform.NODE, 2);
    private final Service auth = service("auth", Platform.GO, 2);
    private final Service session = service("session", Platform.GO, 2);
    private final Service userProfile = service("user-profile", Platform.JAVA, 2);
    private final Service catalog = service("catalog", Platform.JAVA, 3);
    private final Service search = service("search", Platform.JAVA, 2);
    private final Service cart = service("cart", Platform.DOTNET, 3);
    private final Service checkout = service("checkout", Platform.JAVA, 3);
    private final Service payment = service("payment", Platform.JAVA, 2);
    private final Service fraudCheck = service("fraud-check", Platform.PYTHON, 2);
    private final Service order = service("order", Platform.JAVA, 3);
    private final Service inventory = service("inventory", Platform.GO, 2);
    private final Service pricing = service("pricing", Platform.JAVA, 2);
    private final Service promotions = service("promotions", Platform.NODE, 2);
    private final Service tax = service("tax", Platform.DOTNET, 2);
    private final Service currency = service("currency", Platform.GO, 2);
    private final Service shipping = service("shipping", Platform.GO, 2);
    private final Service recommendation = service("recommendation", Platform.PYTHON, 3);
    private final Service reviews = service("reviews", Platform.PYTHON, 2);
    private final Service featureFlags = service("feature-flags", Platform.GO, 2);
    private final Service image = service("image", Platform.GO, 2);
    private final Service emailWorker = service("email-worker", Platform.PYTHON, 2);
    private final Service notificationWorker = service("notification-worker", Platform.NODE, 2);
    private final Service smsGateway = service("sms-gateway", Platform.GO, 2);
    private final Service warehouseWorker = service("warehouse-worker", Platform.JAVA, 2);
    private final Service invoiceWorker = service("invoice-worker", Platform.DOTNET, 2);
    private final Service analyticsIngest = service("analytics-ingest", Platform.JAVA, 3);
    private final Service catalogIndexer = service("catalog-indexer", Platform.JAVA, 2);

    private final Step track = new Step.Maybe(0.4, publish("shop.events"));

    private final Operation readSession =
            rpc(session, "shop.Session", "Read", 0.6, 0.0005, query(CACHE, "GET", "session"));
    private final Operation writeSession =
            rpc(session, "shop.Session", "Write", 0.7, 0.0005, query(CACHE, "SET", "session"));
    private final Operation verifyToken =
            rpc(auth, "shop.Auth", "Verify", 1.2, 0.001, work("verify signature", 0.5));
    private final Operation logIn =
            http(
                    auth,
                    "POST",
                    "/v1/login",
                    18,
                    0.004,
                    query(USERS_DB, "SELECT", "credentials"),
                    work("hash password", 45),
                    call(writeSession));
    private final Operation readFlags =
            rpc(featureFlags, "shop.Flags", "Evaluate", 0.5, 0.0005, query(CACHE, "MGET", "flag"));
    private final Operation readProfile =
            http(
                    userProfile,
                    "GET",
                    "/v1/users/{id}",
                    3,
                    0.002,
                    query(CACHE, "GET", "profile"),
                    new Step.Maybe(0.3, query(USERS_DB, "SELECT", "profiles")));
    private final Operation writeProfile =
            http(
                    userProfile,
                    "PUT",
                    "/v1/users/{id}",
                    5,
                    0.003,
                    query(USERS_DB, "UPDATE", "profiles"),
                    query(CACHE, "DEL", "profile"));
    private final Operation convert =
            rpc(currency, "shop.Currency", "Convert", 0.4, 0.0005, query(CACHE, "GET", "rate"));
    private final Operation readPromotions =
            http(
                    promotions,
                    "GET",
                    "/v1/promotions",
                    2.5,
                    0.003,
                    call(readFlags),
                    query(CACHE, "SMEMBERS", "promotion"));
    private final Operation quote =
            rpc(
                    pricing,
                    "shop.Pricing",
                    "Quote",
                    2,
                    0.002,
                    optional(readPromotions),
                    call(convert));
    private final Operation readStock =
            rpc(
                    inventory,
                    "shop.Inventory",
                    "Read",
                    1,
                    0.002,
                    query(CACHE, "MGET", "stock"),
                    new Step.Maybe(0.25, query(STOCK_DB, "SELECT", "stock")));
    private final Operation reserveStock =
            rpc(
                    inventory,
                    "shop.Inventory",
                    "Reserve",
                    2,
                    0.006,
                    query(STOCK_DB, "SELECT", "stock"),
                    query(STOCK_DB, "UPDATE", "stock"),
                    query(STOCK_DB, "COMMIT", "stock"));
    private final Operation readImage =
            http(image, "GET", "/v1/images/{id}", 4, 0.002, query(FILES, "GetObject", "images"));
    private final Operation resizeImage =
            http(
                    image,
                    "POST",
                    "/v1/images/{id}/sizes",
                    9,
                    0.004,
                    query(FILES, "GetObject", "images"),
                    work("resize", 60),
                    query(FILES, "PutObject", "images"));
    private final Operation readProduct =
            http(
                    catalog,
                    "GET",
                    "/v1/products/{id}",
                    3,
                    0.002,
                    query(CACHE, "GET", "product"),
                    new Step.Maybe(0.35, query(CATALOG_DB, "find", "products")));
    private final Operation listProducts =
            http(
                    catalog,
                    "GET",
                    "/v1/products",
                    6,
                    0.002,
                    query(CATALOG_DB, "find", "products"),
                    new Step.Together(List.of(call(quote), call(readStock))));
    private final Operation listCategories =
            http(catalog, "GET", "/v1/categories", 2, 0.001, query(CACHE, "GET", "categories"));
    private final Operation readReviews =
            http(
                    reviews,
                    "GET",
                    "/v1/products/{id}/reviews",
                    5,
                    0.006,
                    query(CATALOG_DB, "aggregate", "reviews"));
    private final Operation writeReview =
            http(
                    reviews,
                    "POST",
                    "/v1/products/{id}/reviews",
                    6,
                    0.005,
                    work("detect language", 8),
                    query(CATALOG_DB, "insert", "reviews"),
                    publish("reviews.written"));
    private final Operation recommend =
            rpc(
                    recommendation,
                    "shop.Recommendation",
                    "Recommend",
                    12,
                    0.01,
                    query(FEATURES, "SELECT", "user_features"),
                    work("score candidates", 15),
                    new Step.Repeat(1, 4, call(readProduct)));
    private final Operation find =
            http(
                    search,
                    "GET",
                    "/v1/search",
                    5,
                    0.004,
                    work("parse query", 0.8),
                    query(SEARCH_INDEX, "search", "products"),
                    new Step.Together(List.of(call(quote), call(readStock))),
                    track);
    private final Operation suggest =
            http(search, "GET", "/v1/suggest", 2, 0.002, query(CACHE, "ZRANGE", "suggestion"));
    private final Operation readCart =
            rpc(cart, "shop.Cart", "Read", 1.5, 0.002, query(CACHE, "HGETALL", "cart"));
    private final Operation addToCart =
            rpc(
                    cart,
                    "shop.Cart",
                    "Add",
                    2,
                    0.003,
                    call(readStock),
                    call(quote),
                    query(CACHE, "HSET", "cart"),
                    track);
    private final Operation clearCart =
            rpc(cart, "shop.Cart", "Clear", 1, 0.002, query(CACHE, "DEL", "cart"));
    private final Operation computeTax =
            http(tax, "POST", "/v1/taxes", 4, 0.003, query(CACHE, "GET", "tax_rate"));
    private final Operation quoteShipping =
            rpc(
                    shipping,
                    "shop.Shipping",
                    "Quote",
                    6,
                    0.008,
                    query(CACHE, "GET", "tariff"),
                    call(convert));
    private final Operation bookShipping =
            rpc(
                    shipping,
                    "shop.Shipping",
                    "Book",
                    8,
                    0.006,
                    query(ORDERS_DB, "INSERT", "shipments"));
    private final Operation checkFraud =
            rpc(
                    fraudCheck,
                    "shop.Fraud",
                    "Check",
                    14,
                    0.006,
                    query(FEATURES, "SELECT", "payment_features"),
                    work("score payment", 20));
    private final Operation charge =
            http(
                    payment,
                    "POST",
                    "/v1/charges",
                    60,
                    0.02,
                    call(checkFraud),
                    query(ORDERS_DB, "INSERT", "charges"),
                    work("card network", 120),
                    query(ORDERS_DB, "UPDATE", "charges"));
    private final Operation refund =
            http(
                    payment,
                    "POST",
                    "/v1/refunds",
                    40,
                    0.01,
                    query(ORDERS_DB, "INSERT", "refunds"),
                    work("card network", 90));

    private final Operation sendSms =
            http(smsGateway, "POST", "/v1/messages", 35, 0.02, work("deliver", 40));
    private final Operation notifyUser =
            message(
                    notificationWorker,
                    "orders.placed",
                    6,
                    0.004,
                    call(readProfile),
                    new Step.Maybe(0.5, call(sendSms, 3, true)));
    private final Operation packOrder =
            message(
                    warehouseWorker,
                    "orders.placed",
                    9,
                    0.004,
                    query(STOCK_DB, "SELECT", "bins"),
                    work("plan picking", 12),
                    call(bookShipping, 3, false),
                    query(STOCK_DB, "INSERT", "picks"));
    private final Operation makeInvoice =
            message(
                    invoiceWorker,
                    "orders.placed",
                    15,
                    0.004,
                    query(ORDERS_DB, "SELECT", "orders"),
                    work("render document", 35),
                    query(FILES, "PutObject", "invoices"),
                    publish("mails.requested"));
    private final Operation placeOrder =
            rpc(
                    order,
                    "shop.Order",
                    "Place",
                    6,
                    0.004,
                    query(ORDERS_DB, "BEGIN", "orders"),
                    query(ORDERS_DB, "INSERT", "orders"),
                    new Step.Repeat(1, 5, query(ORDERS_DB, "INSERT", "order_lines")),
                    query(ORDERS_DB, "COMMIT", "orders"),
                    new Step.Publish("orders.placed", List.of(notifyUser, packOrder, makeInvoice)));
    private final Operation readOrder =
            rpc(
                    order,
                    "shop.Order",
                    "Read",
                    3,
                    0.002,
                    query(ORDERS_DB, "SELECT", "orders"),
                    query(ORDERS_DB, "SELECT", "order_lines"));
    private final Operation cancelOrder =
            rpc(
                    order,
                    "shop.Order",
                    "Cancel",
                    5,
                    0.004,
                    query(ORDERS_DB, "UPDATE", "orders"),
                    call(refund, 2, false),
                    publish("mails.requested"));
    private final Operation checkOut =
            http(
                    checkout,
                    "POST",
                    "/v1/checkouts",
                    10,
                    0.003,
                    call(readCart),
                    new Step.Together(
                            List.of(call(quote), call(quoteShipping, 3, false), call(computeTax))),
                    call(reserveStock, 2, false),
                    call(charge, 3, false),
                    call(placeOrder),
                    call(clearCart, 2, true),
                    track);

    private final Operation homePage =
            http(
                    web,
                    "GET",
                    "/",
                    8,
                    0.002,
                    call(readSession),
                    call(readFlags),
                    new Step.Together(
                            List.of(
                                    call(listCategories),
                                    call(listProducts),
                                    optional(recommend),
                                    optional(readPromotions),
                                    call(readCart))),
                    work("render page", 10),
                    track);
    private final Operation productPage =
            http(
                    web,
                    "GET",
                    "/products/{id}",
                    7,
                    0.002,
                    call(readSession),
                    call(readProduct),
                    new Step.Together(
                            List.of(
                                    call(quote),
                                    call(readStock),
                                    optional(readReviews),
                                    optional(recommend),
                                    new Step.Repeat(1, 3, optional(readImage)))),
                    work("render page", 8),
                    track);
    private final Operation searchPage =
            http(
                    web,
                    "GET",
                    "/search",
                    6,
                    0.002,
                    call(readSession),
                    call(find, 2, false),
                    work("render page", 7));
    private final Operation cartPage =
            http(web, "POST", "/cart/items", 4, 0.002, call(readSession), call(addToCart));
    private final Operation checkoutPage =
            http(
                    web,
                    "POST",
                    "/checkout",
                    7,
                    0.002,
                    call(readSession),
                    call(verifyToken),
                    call(readProfile),
                    call(checkOut),
                    work("render page", 6));
    private final Operation logInPage =
            http(web, "POST", "/login", 5, 0.002, call(logIn), call(readProfile));
    private final Operation reviewPage =
            http(
                    web,
                    "POST",
                    "/products/{id}/reviews",
                    5,
                    0.002,
                    call(readSession),
                    call(writeReview),
                    new Step.Maybe(0.2, optional(resizeImage)));
    private final Operation mobileHome =
            http(
                    mobileApi,
                    "GET",
                    "/m/v2/home",
                    5,
                    0.002,
                    call(verifyToken),
                    new Step.Together(
                            List.of(call(listProducts), optional(recommend), call(readCart))),
                    track);
    private final Operation mobileSearch =
            http(
                    mobileApi,
                    "GET",
                    "/m/v2/search",
                    4,
                    0.002,
                    call(verifyToken),
                    call(find, 2, false));
    private final Operation mobileSuggest =
            http(mobileApi, "GET", "/m/v2/suggest", 2, 0.001, call(suggest));
    private final Operation mobileOrder =
            http(
                    mobileApi,
                    "GET",
                    "/m/v2/orders/{id}",
                    4,
                    0.002,
                    call(verifyToken),
                    call(readOrder));
    private final Operation mobileCheckout =
            http(
                    mobileApi,
                    "POST",
                    "/m/v2/checkout",
                    6,
                    0.002,
                    call(verifyToken),
                    call(readProfile),
                    call(checkOut));
    private final Operation mobileCancel =
            http(
                    mobileApi,
                    "DELETE",
                    "/m/v2/orders/{id}",
                    4,
                    0.002,
                    call(verifyToken),
                    call(cancelOrder));
    private final Operation mobileProfile =
            http(
                    mobileApi,
                    "PUT",
                    "/m/v2/profile",
                    3,
                    0.002,
                    call(verifyToken),
                    call(writeProfile));

    private final List<Visit> visits =
            List.of(
                    visit(homePage, 16),
                    visit(productPage, 22),
                    visit(searchPage, 14),
                    visit(cartPage, 10),
                    visit(checkoutPage, 5),
                    visit(logInPage, 6),
                    visit(reviewPage, 2),
                    visit(mobileHome, 9),
                    visit(mobileSearch, 7),
                    visit(mobileSuggest, 12),
                    visit(mobileOrder, 5),
                    visit(mobileCheckout, 3),
                    visit(mobileCancel, 1),
                    visit(mobileProfile, 2));

    private final List<Operation> batches =
            List.of(
                    message(
                            analyticsIngest,
                            "shop.events",
                            12,
                            0.003,
                            work("aggregate", 8),
                            new Step.Repeat(1, 3, query(FEATURES, "BATCH", "user_features"))),
                    message(
                            emailWorker,
                            "mails.requested",
                            10,
                            0.01,
                            new Step.Repeat(1, 4, work("render mail", 6)),
                            work("smtp", 40)),
                    message(
                            catalogIndexer,
                            "reviews.written",
                            6,
                            0.003,
                            query(CATALOG_DB, "aggregate", "reviews"),
                            query(SEARCH_INDEX, "bulk", "products")));

    private final Operation reindex =
            new Operation(
                    catalogIndexer,
                    new Entry.Job("reindex catalog"),
                    20,
                    0,
                    List.of(
                            query(CATALOG_DB, "find", "products"),
                            new Step.Together(
                                    List.of(
                                            call(readProduct),
                                            optional(readReviews),
                                            call(quote),
                                            call(readStock))),
                            work("build documents", 5),
                            query(SEARCH_INDEX, "bulk", "products")));

    List<Service> services() {
        return services;
    }

    /// What users do, each through the gateway.
    List<Visit> visits() {
        return visits;
    }

    /// Consumers of topics that nobody reads within the producer's trace.
    List<Operation> batches() {
        return batches;
    }

    /// The job behind giant traces, whose steps go on until the trace is large enough.
    Operation reindex() {
        return reindex;
    }

    private Service service(String name, Platform platform, int instances) {
        var service = new Service(name, platform, instances);
        services.add(service);
        return service;
    }

    private Visit visit(Operation page, int weight) {
        return new Visit(
                new Operation(gateway, page.entry(), 1.2, 0.0005, List.of(call(page))), weight);
    }

    private static Operation http(
            Service service,
            String method,
            String route,
            double millis,
            double errorRate,
            Step... steps) {
        return new Operation(
                service, new Entry.Http(method, route), millis, errorRate, List.of(steps));
    }

    private static Operation rpc(
            Service service,
            String rpcService,
            String method,
            double millis,
            double errorRate,
            Step... steps) {
        return new Operation(
                service, new Entry.Rpc(rpcService, method), millis, errorRate, List.of(steps));
    }

    private static Operation message(
            Service service, String topic, double millis, double errorRate, Step... steps) {
        return new Operation(service, new Entry.Message(topic), millis, errorRate, List.of(steps));
    }

    private static Step call(Operation target) {
        return new Step.Call(target, 1, false);
    }

    private static Step call(Operation target, int tries, boolean optional) {
        return new Step.Call(target, tries, optional);
    }

    private static Step optional(Operation target) {
        return new Step.Call(target, 1, true);
    }

    private static Step query(Store store, String verb, String collection) {
        return new Step.Query(store, verb, collection);
    }

    private static Step publish(String topic) {
        return new Step.Publish(topic, List.of());
    }

    private static Step work(String name, double millis) {
        return new Step.Work(name, millis);
    }
}
