//! Who keeps or chooses a side during a release.

use std::sync::atomic::Ordering;

use seaworthy_edge::config::{Affinity, Upstream};

use crate::harness::{Edge, WithSides, eventually, upstream};
use crate::toy::{self, Toy};

/// The name and value of the cookie in an answer.
fn cookie(answer: &crate::http::Answer) -> Option<String> {
    let cookie = answer.header("set-cookie")?;
    Some(cookie.split(';').next().unwrap().to_owned())
}

async fn both() -> (Toy, Toy) {
    (Toy::start("old").await, Toy::start("new").await)
}

fn shared(old: &Toy, new: &Toy, weights: (u32, u32)) -> Upstream {
    upstream()
        .side("r1", weights.0, &[old.address])
        .side("r2", weights.1, &[new.address])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_keeps_the_side_of_its_first_page() {
    let (old, new) = both().await;
    let edge = Edge::serving(shared(&old, &new, (50, 50))).await;
    for _ in 0..10 {
        let mut browser = edge.connect().await;
        let page = browser.get("/page").await;
        let given = page.header("set-cookie").unwrap();
        assert!(given.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{given}");
        let kept = format!("Cookie: theme=dark; {}\r\n", cookie(&page).unwrap());
        for path in ["/page", "/", "/page"] {
            let next = browser.get_with(path, &kept).await;
            assert_eq!(next.text(), page.text());
            assert_eq!(next.header("set-cookie"), None, "it has it already");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_is_given_with_pages_only_and_only_while_there_is_a_choice() {
    let (old, new) = both().await;
    let edge = Edge::serving(shared(&old, &new, (50, 50))).await;
    let mut client = edge.connect().await;
    assert_eq!(client.get("/").await.header("set-cookie"), None, "not a page");
    let alone = upstream().side("r1", 1, &[old.address]);
    let unshared = shared(&old, &new, (100, 0));
    let unkept = shared(&old, &new, (50, 50)).change(|u| u.affinity = Affinity::None);
    for (version, upstream) in [(2, alone), (3, unshared), (4, unkept)] {
        edge.take(edge.config(version).route("/", "u").upstream("u", upstream))
            .await;
        assert_eq!(client.get("/page").await.header("set-cookie"), None, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_gets_nothing_more_is_left_and_the_cookie_replaced() {
    let (old, new, dark) = (
        Toy::start("old").await,
        Toy::start("new").await,
        Toy::start("dark").await,
    );
    let three = |weights: [u32; 3]| {
        upstream()
            .side("r1", weights[0], &[old.address])
            .side("r2", weights[1], &[new.address])
            .side("r3", weights[2], &[dark.address])
    };
    let edge = Edge::serving(three([1, 0, 1_000_000])).await;
    let mut browser = edge.connect().await;
    let page = browser.get("/page").await;
    assert_eq!(page.text(), "dark");
    let kept = format!("Cookie: {}\r\n", cookie(&page).unwrap());
    edge.take(edge.config(2).route("/", "u").upstream("u", three([50, 50, 0])))
        .await;
    let next = browser.get_with("/page", &kept).await;
    assert_ne!(next.text(), "dark");
    assert_ne!(cookie(&next).unwrap(), cookie(&page).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_for_a_side_without_a_target_costs_no_answer() {
    let (old, new) = both().await;
    let edge = Edge::serving(shared(&old, &new, (50, 50))).await;
    let mut browser = edge.connect().await;
    let page = browser.get("/page").await;
    let kept = format!("Cookie: {}\r\n", cookie(&page).unwrap());
    let (had, other, target) = if page.text() == "old" {
        (&old, "new", "r1-0")
    } else {
        (&new, "old", "r2-0")
    };
    had.shared.ready.store(false, Ordering::SeqCst);
    eventually("it is ejected", || async {
        (!edge.routable(target).await).then_some(())
    })
    .await;
    let next = browser.get_with("/page", &kept).await;
    assert_eq!((next.status, next.text().as_str()), (200, other));
    assert_ne!(cookie(&next), cookie(&page));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tester_chooses_a_side_without_weight() {
    let (old, new) = both().await;
    let edge = Edge::serving(shared(&old, &new, (100, 0))).await;
    let mut tester = edge.connect().await;
    for (side, name) in [("new", "new"), ("r2", "new"), ("r1", "old"), ("r3", "old")] {
        let header = format!("X-Seaworthy-Side: {side}\r\n");
        for _ in 0..5 {
            assert_eq!(tester.get_with("/page", &header).await.text(), name, "{side}");
        }
        let seen = tester.get_with("/head", &header).await.text();
        assert!(!seen.contains("seaworthy-side"), "{seen}");
    }
    assert_eq!(tester.get("/page").await.text(), "old", "and only for that request");
    // The header is stronger than the cookie, and gives none.
    edge.take(
        edge.config(2)
            .route("/", "u")
            .upstream("u", shared(&old, &new, (1_000_000, 1))),
    )
    .await;
    let kept = cookie(&tester.get("/page").await).unwrap();
    let header = format!("X-Seaworthy-Side: new\r\nCookie: {kept}\r\n");
    let chosen = tester.get_with("/page", &header).await;
    assert_eq!((chosen.text().as_str(), chosen.header("set-cookie")), ("new", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tester_never_meets_a_target_that_is_not_proven() {
    let (old, new) = both().await;
    new.shared.ready.store(false, Ordering::SeqCst);
    let unproven = shared(&old, &new, (100, 0)).change(|u| u.sides[1].targets[0].verified = false);
    let edge = Edge::serving(unproven).await;
    let mut tester = edge.connect().await;
    for _ in 0..5 {
        assert_eq!(tester.get_with("/", "x-seaworthy-side: new\r\n").await.text(), "old");
    }
    new.shared.ready.store(true, Ordering::SeqCst);
    eventually("it is proven", || async { edge.routable("r2-0").await.then_some(()) }).await;
    assert_eq!(tester.get_with("/", "x-seaworthy-side: new\r\n").await.text(), "new");
    // Nor one that refuses: the request goes where the weights lead.
    let gone = toy::nobody().await;
    let refusing = upstream().side("r1", 100, &[old.address]).side("r2", 0, &[gone]);
    edge.take(edge.config(2).route("/", "u").upstream("u", refusing)).await;
    assert_eq!(tester.get_with("/", "x-seaworthy-side: new\r\n").await.text(), "old");
}
