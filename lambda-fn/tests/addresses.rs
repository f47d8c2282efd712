//! No address that is not public is fetched from, however it is written and wherever it comes from.
//!
//! The test runs itself again in a network namespace of its own. There is nothing but a loopback
//! interface, which has the forbidden addresses and a public one, and a server that answers on all
//! of them: a check that fails is a connection that the server has seen, and no packet leaves.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use lambda_fn::{
    Error,
    fetch::{AllowAll, Fetcher, Guard, Options, PublicOnly},
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Tells the inner run which namespace it must not be in.
const OUTSIDE: &str = "ADDRESSES_TEST_OUTSIDE";

/// A public address, which the loopback interface has in the namespace.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);

/// Another one. The Lambda runtime's interface is said to be there.
const RUNTIME: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 15);

/// What the loopback interface has besides.
const ADDED: [&str; 12] = [
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.1",
    "fd00:ec2::254",
    "fc00::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
];

/// Hosts of URLs, none of them public.
const FORBIDDEN: [&str; 86] = [
    // Loopback, in all that the standard for URLs takes for an IPv4 address.
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.1",
    "017700000001",
    "00000000000000000017700000001",
    "127.0x1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "127.0.\t0.1",
    "user:password@127.0.0.1",
    "example.com@127.0.0.1",
    // This host.
    "0.0.0.0",
    "0",
    "0x0",
    "00.0",
    "0.255.255.255",
    // Metadata of clouds, credentials of containers.
    "169.254.169.254",
    "169.254.169.254.",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "169.254.170.2",
    "169.254.170.23",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    // Private, shared, reserved.
    "10.0.0.1",
    "10.1",
    "167772161",
    "012.0.0.1",
    "100.64.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "3232235521",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    // IPv6.
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[2001::1]",
    // IPv6 that ends at IPv4.
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::8.8.8.8]",
    "[2002:7f00:1::]",
    // Names of this host.
    "localhost",
    "LocalHost.",
    "pictures.localhost",
];

/// Names, and what they resolve to.
const NAMES: [(&str, &[&str]); 8] = [
    ("public.test", &["93.184.215.14"]),
    ("loopback.test", &["127.0.0.1"]),
    ("both.test", &["127.0.0.1", "::1"]),
    ("metadata.test", &["169.254.169.254"]),
    ("metadata6.test", &["fd00:ec2::254"]),
    ("mapped.test", &["::ffff:10.0.0.1"]),
    ("mixed.test", &["10.0.0.1", "93.184.215.14", "::1"]),
    ("runtime-address.test", &["93.184.215.15"]),
];

#[test]
fn nothing_but_public_addresses_is_reached() {
    let addresses: Vec<String> = ADDED
        .iter()
        .map(|address| (*address).to_owned())
        .chain([PUBLIC.to_string(), RUNTIME.to_string()])
        .map(|address| {
            let length = if address.contains(':') { 128 } else { 32 };
            let more = if length == 128 { " nodad" } else { "" };
            format!("ip address add {address}/{length} dev lo{more}")
        })
        .collect();
    let script = format!(
        "ip link set lo up && {} && exec \"$@\"",
        addresses.join(" && ")
    );
    let inside = |line: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--map-root-user", "sh", "-c", &script, "sh"])
            .args(line)
            .env(OUTSIDE, namespace());
        command
    };
    // Containers without privileges, for instance, may not make namespaces.
    match inside(&["true"]).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("skipped: no network namespace can be made: {reason}");
            return;
        }
        Err(error) => {
            println!("skipped: unshare: {error}");
            return;
        }
    }
    let myself = env::current_exe().unwrap();
    let output = inside(&[
        myself.to_str().unwrap(),
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ])
    .output()
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("5 passed"), "{said}");
    assert!(!said.contains("skipped"), "{said}");
}

fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/net").unwrap();
    link.to_str().unwrap().to_owned()
}

/// Whether this is the inner run.
fn is_inside() -> bool {
    let inside = env::var(OUTSIDE).is_ok_and(|outside| outside != namespace());
    if !inside {
        println!("skipped: only the other test runs this one, in a network namespace");
    }
    inside
}

/// Answers on every address of the loopback interface, and keeps them in mind.
struct Everywhere {
    port: u16,
    reached: Arc<Mutex<Vec<IpAddr>>>,
}

impl Everywhere {
    fn start() -> Self {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let reached = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&reached);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let address = stream.local_addr().unwrap().ip().to_canonical();
                list.lock().unwrap().push(address);
                thread::spawn(move || answer(&stream, port));
            }
        });
        Self { port, reached }
    }

    /// The addresses at which it was reached since the last call.
    fn reached(&self) -> Vec<IpAddr> {
        // What has connected only now is still to be accepted.
        thread::sleep(Duration::from_millis(20));
        std::mem::take(&mut *self.reached.lock().unwrap())
    }
}

/// `/to/17` redirects to the 17th forbidden host, `/name/loopback.test` to that name.
fn answer(mut stream: &TcpStream, port: u16) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream);
    reader.read_line(&mut line).unwrap();
    let mut rest = String::new();
    while reader.read_line(&mut rest).is_ok_and(|length| length > 2) {
        rest.clear();
    }
    let path = line.split(' ').nth(1).unwrap_or_default();
    let host = match path.split('/').collect::<Vec<_>>()[..] {
        ["", "to", index] => Some(FORBIDDEN[index.parse::<usize>().unwrap()]),
        ["", "name", name] => Some(name),
        _ => None,
    };
    let head = match host {
        Some(host) => format!("302 Found\r\nLocation: {}\r\n", ascii(host, port)),
        None => "200 OK\r\n".to_owned(),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {head}Connection: close\r\nContent-Length: 0\r\n\r\n"
    );
}

/// Headers are ASCII: the other characters are escaped, which the reader undoes.
fn ascii(host: &str, port: u16) -> String {
    let escaped: String = host
        .bytes()
        .map(|byte| match byte {
            b'!'..=b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    // Without tabs: escaped ones are no part of a host.
    format!("http://{}:{port}/", escaped.replace("%09", ""))
}

/// Names of the table. `rebinding.test` is public when it is asked for the first time.
#[derive(Default)]
struct Names {
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let table = HashMap::from(NAMES);
        let found = match name.as_str().trim_end_matches('.') {
            "rebinding.test" if asked == 0 => Some(&["93.184.215.14"][..]),
            "rebinding.test" => Some(&["127.0.0.1"][..]),
            name => table.get(name).copied(),
        };
        Box::pin(async move {
            let found = found.ok_or("no such host")?.iter();
            let addresses: Vec<SocketAddr> = found
                .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
                .collect();
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

fn fetcher(guard: impl Guard + 'static) -> Fetcher {
    Fetcher::new(Options {
        guard: Arc::new(guard),
        timeout: Duration::from_secs(5),
        ..Options::default()
    })
    .unwrap()
}

fn fetch(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(fetcher.fetch(url, None))
}

#[track_caller]
fn assert_forbidden(result: Result<Vec<u8>, Error>, url: &str) {
    let error = result.expect_err(url);
    assert_eq!(error.error_type(), "ForbiddenAddress", "{url}: {error}");
    assert!(!error.to_string().contains("password"), "{error}");
}

/// Otherwise the others would prove nothing.
#[test]
#[ignore = "runs in a network namespace"]
fn control_without_the_guard_the_server_is_reached() {
    if !is_inside() {
        return;
    }
    let (server, port) = {
        let server = Everywhere::start();
        let port = server.port;
        (server, port)
    };
    for (host, address) in [
        ("127.1", "127.0.0.1"),
        ("2852039166", "169.254.169.254"),
        ("0", "127.0.0.1"),
        ("[::ffff:10.0.0.1]", "10.0.0.1"),
        ("[fd00:ec2::254]", "fd00:ec2::254"),
        ("[2002:7f00:1::]", "2002:7f00:1::"),
    ] {
        fetch(&fetcher(AllowAll), &format!("http://{host}:{port}/")).unwrap();
        assert_eq!(server.reached(), [address.parse::<IpAddr>().unwrap()]);
    }
    // And the guard lets the public address pass.
    fetch(
        &fetcher(PublicOnly::new()),
        &format!("http://{PUBLIC}:{port}/"),
    )
    .unwrap();
    assert_eq!(server.reached(), [IpAddr::V4(PUBLIC)]);
}

#[test]
#[ignore = "runs in a network namespace"]
fn no_form_of_an_address_passes() {
    if !is_inside() {
        return;
    }
    let server = Everywhere::start();
    let fetcher = fetcher(PublicOnly::new());
    for host in FORBIDDEN {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/", server.port);
            assert_forbidden(fetch(&fetcher, &url), &url);
        }
    }
    for url in [
        format!("http:127.0.0.1:{}", server.port),
        format!("http:\\\\127.0.0.1:{}\\", server.port),
        format!(" hTTp:////127.0.0.1:{}/ ", server.port),
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next".to_owned(),
    ] {
        assert_forbidden(fetch(&fetcher, &url), &url);
    }
    assert_eq!(server.reached(), [] as [IpAddr; 0]);
}

#[test]
#[ignore = "runs in a network namespace"]
fn no_redirect_leads_to_one() {
    if !is_inside() {
        return;
    }
    let server = Everywhere::start();
    let fetcher = fetcher(PublicOnly::with_resolver(Arc::new(Names::default())));
    let start = format!("http://{PUBLIC}:{}", server.port);
    for (index, host) in FORBIDDEN.into_iter().enumerate() {
        let url = format!("{start}/to/{index}");
        assert_forbidden(fetch(&fetcher, &url), host);
        assert_eq!(server.reached(), [IpAddr::V4(PUBLIC)]);
    }
    for (name, addresses) in NAMES {
        let url = format!("{start}/name/{name}");
        if addresses.iter().any(|address| address.starts_with("93.")) {
            fetch(&fetcher, &url).expect(name);
            assert_eq!(server.reached().len(), 2, "{name}");
        } else {
            assert_forbidden(fetch(&fetcher, &url), name);
            assert_eq!(server.reached(), [IpAddr::V4(PUBLIC)]);
        }
    }
}

#[test]
#[ignore = "runs in a network namespace"]
fn names_are_checked_after_their_resolution_and_asked_for_once() {
    if !is_inside() {
        return;
    }
    let server = Everywhere::start();
    let names = Arc::new(Names::default());
    let strict = fetcher(PublicOnly::with_resolver(
        Arc::clone(&names) as Arc<dyn Resolve>
    ));
    let rebinding = format!("http://rebinding.test:{}/", server.port);
    fetch(&strict, &rebinding).unwrap();
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    assert_eq!(server.reached(), [IpAddr::V4(PUBLIC)]);
    assert_forbidden(fetch(&strict, &rebinding), &rebinding);
    assert_eq!(server.reached(), [] as [IpAddr; 0]);

    // Of several addresses the public one is taken.
    let mixed = format!("http://mixed.test:{}/", server.port);
    fetch(&strict, &mixed).unwrap();
    assert_eq!(server.reached(), [IpAddr::V4(PUBLIC)]);

    for name in ["loopback", "both", "metadata", "metadata6", "mapped"] {
        let url = format!("http://{name}.test:{}/", server.port);
        let error = fetch(&strict, &url).unwrap_err();
        // Not the address: it may be the secret.
        let said = error.to_string();
        assert!(said.contains("its address is "), "{said}");
        assert!(!said.contains("169") && !said.contains("10."), "{said}");
        assert_forbidden(Err(error), &url);
    }
    assert_eq!(server.reached(), [] as [IpAddr; 0]);
}

#[test]
#[ignore = "runs in a network namespace"]
fn the_runtime_is_not_reached_even_at_a_public_address() {
    if !is_inside() {
        return;
    }
    let server = Everywhere::start();
    let port = server.port;
    let guard = || PublicOnly::with_resolver(Arc::new(Names::default()));
    let by_address = fetcher(guard().and_not_runtime(&format!("{RUNTIME}:{port}")));
    let by_name = fetcher(guard().and_not_runtime(&format!("Public.test.:{port}")));
    let address = u32::from(RUNTIME);
    for (fetcher, host) in [
        (&by_address, "93.184.215.15"),
        (&by_address, &*address.to_string()),
        (&by_address, "[::ffff:93.184.215.15]"),
        (&by_address, "runtime-address.test"),
        (&by_name, "public.test"),
        (&by_name, "PUBLIC.TEST."),
    ] {
        let url = format!("http://{host}:{port}/");
        assert_forbidden(fetch(fetcher, &url), &url);
    }
    assert_eq!(server.reached(), [] as [IpAddr; 0]);
    fetch(&by_address, &format!("http://public.test:{port}/")).unwrap();
    assert_eq!(server.reached(), [IpAddr::V4(PUBLIC)]);
}
