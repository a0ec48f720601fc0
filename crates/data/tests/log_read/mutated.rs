//! Sound files with a few bytes changed: the same entry as the fuzz targets under `fuzz/`, some thousand seeded cases.

use super::*;

/// Marsaglia's xorshift.
struct Generator(u64);

impl Generator {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

fn mutate(seed: &[u8], generator: &mut Generator) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=generator.below(4) {
        let at = generator.below(bytes.len());
        match generator.below(6) {
            0 => bytes[at] = generator.below(256) as u8,
            1 => bytes[at] ^= 1 << generator.below(8),
            2 => bytes.truncate(at + 1),
            3 => bytes.insert(at, b"\n\",\0\xff{"[generator.below(6)]),
            4 => drop(bytes.remove(at)),
            _ => {
                let to = at + generator.below(bytes.len() - at);
                bytes.extend_from_within(at..to);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

/// Reads bytes as a file and everything in it; the counts add up, or there is one line.
fn all(reading: &Reading, folder: &Path, name: &str, bytes: &[u8]) -> Result<bool, Box<dyn std::error::Error>> {
    match reading.files(&[put(folder, name, bytes)?]) {
        Ok(read) => {
            let lines = reading.explode.is_some() || read.counted == (read.rows.len() + read.rejected.len()) as u64;
            assert!(lines, "{bytes:?}");
            Ok(true)
        }
        Err(error) => {
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
            Ok(false)
        }
    }
}

#[test]
fn mutated_files_are_read_or_refused() -> Tested {
    let folder = folder()?;
    let mut generator = Generator(88_172_645_463_325_252);
    let csv = b"user,item,time\nu1,\"A,\"\"1\",1\n\nu2,B,2\r\nu3,,3\n\"u4\",D,4".to_vec();
    let json = b"{\"user\":1,\"ev\":[{\"a\":1},{\"a\":\"x\\u00e9\"}]}\n{\"ev\":[],\"user\":{\"x\":[1,2]}}\n".to_vec();
    let parquet = parquet::file(40)?;
    let units: Vec<u8> = String::from_utf8_lossy(&csv).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let seeds = [
        ("a.csv", csv.clone(), 1500),
        ("b.csv", units, 300),
        ("a.csv.gz", gzip(&csv)?, 300),
        ("a.csv.zst", zst(&csv)?, 300),
        ("a.jsonl", json, 1000),
        ("a.parquet", parquet, 400),
    ];
    for (name, seed, cases) in seeds {
        let explode = (name == "a.jsonl").then_some("ev");
        let breaks = spec(|csv| csv.line_breaks_in_quotes = true);
        let readings = [Reading { explode, ..Reading::default() }, Reading { explode, ..breaks }];
        assert!(all(&readings[0], folder.path(), name, &seed)?, "{name}");
        let mut read = 0;
        for case in 0..cases {
            let bytes = mutate(&seed, &mut generator);
            read += usize::from(all(&readings[case % 2], folder.path(), name, &bytes)?);
        }
        assert!(read > 0 && (read < cases || name == "a.jsonl"), "{name}: {read} of {cases}");
    }
    Ok(())
}
